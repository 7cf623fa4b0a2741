import { type CloudEvent, readCloudEvent } from '../core/contracts/events.ts'
import type { StoredMessage } from '../core/contracts/queue-store.ts'
import { type ErrorJson, messageOf, StateConsistencyError } from '../core/errors.ts'
import { messageChecksum } from './checksum.ts'
import { decodePayload } from './codec.ts'
import { recoveryHint } from './storage-error.ts'

/** `queue_messages.status`; only append. */
const statuses = ['waiting', 'done', 'dead'] as const

/** Gives what `eventOfRow` reads, by the number of the message. */
export const selectEvent = `
  SELECT message AS position, queue, repeat_key AS repeatKey, checksum, codec, payload
  FROM queue_messages WHERE message = ? AND namespace = 0`

/** A row of `queue_messages` without its event. */
export interface StoredRow {
  readonly position: number
  readonly repeatKey: string
  readonly partitionKey: string | null
  readonly status: number
  readonly deliveries: number
  readonly atMs: number
  readonly dueAtMs: number
  readonly error: string | null
}

interface StoredEvent {
  readonly position: number
  readonly queue: string
  readonly repeatKey: string
  readonly checksum: number
  readonly codec: number
  readonly payload: string
}

/** The event of a message. @throws StateConsistencyError when it is gone or damaged */
export function eventOfRow(position: number, row: unknown): CloudEvent {
  const stored = row as StoredEvent | undefined
  if (typeof stored?.payload !== 'string') throw damagedMessage(position, 'its event is gone')
  if (stored.checksum !== messageChecksum(stored))
    throw damagedMessage(position, 'its checksum does not match')
  try {
    return readCloudEvent(JSON.parse(decodePayload(stored.codec, stored.payload)))
  } catch (thrown) {
    throw damagedMessage(position, messageOf(thrown))
  }
}

/** A row whose state makes no sense is a dead letter: nobody knows what became of it. */
export function messageOfRow({ status, error, ...row }: StoredRow): StoredMessage {
  const known = statuses[status]
  if (known === undefined || (known === 'dead') !== (error !== null)) {
    const unknown = damagedMessage(row.position, 'its status makes no sense').toJSON()
    return { ...row, status: 'dead', error: unknown }
  }
  return { ...row, status: known, error: error === null ? null : errorOf(row.position, error) }
}

function errorOf(position: number, text: string): ErrorJson {
  try {
    return JSON.parse(text) as ErrorJson
  } catch {
    return damagedMessage(position, 'its error cannot be read').toJSON()
  }
}

function damagedMessage(position: number, why: string): StateConsistencyError {
  return new StateConsistencyError(`message ${position} of a queue is damaged: ${why}`, {
    hint: `keep a copy of the file: ${recoveryHint}`,
    details: { position },
  })
}
