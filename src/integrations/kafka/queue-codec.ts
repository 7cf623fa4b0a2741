import type { CloudEvent } from '../../core/contracts/events.ts'
import {
  decodeEvent,
  encodeEvent,
  type IncomingRecord,
  type OutgoingRecord,
} from './event-codec.ts'
import type { QueueChange, QueueRecord } from './queue-log.ts'

/** Header: names one append, so that its writer knows it when it reads it back. */
const tokenHeader = 'aura-token'
const sentAt = 'aura-sent-at'
const dueAt = 'aura-due-at'
const eventKey = 'e:'
const changeKey = 's:'

/** A record of a queue's log, and who wrote it. */
export interface ReadQueueRecord {
  readonly record: QueueRecord
  /** Empty when nobody waits for it. */
  readonly token: string
}

/** @throws as `encodeEvent` */
export function encodeSent(
  topic: string,
  sent: {
    readonly id: string
    readonly event: CloudEvent
    readonly atMs: number
    readonly dueAtMs: number
  },
  token: string,
): OutgoingRecord {
  const { id, event, atMs, dueAtMs } = sent
  const more = { [tokenHeader]: token, [sentAt]: String(atMs), [dueAt]: String(dueAtMs) }
  const record = encodeEvent(topic, event, more)
  // The key names the message; the event's own is among its attributes.
  return { ...record, key: `${eventKey}${id}` }
}

export function encodeChange(
  topic: string,
  id: string,
  change: QueueChange & { readonly token: string },
): OutgoingRecord {
  const { token, ...said } = change
  const headers = { [tokenHeader]: token }
  return { topic, key: `${changeKey}${id}`, value: JSON.stringify(said), headers }
}

/** Removes the event, when `rest` is false, or everything that is known of a message. */
export function encodeRemoval(
  topic: string,
  id: string,
  of: { readonly rest: boolean; readonly token?: string },
): OutgoingRecord {
  const key = `${of.rest ? changeKey : eventKey}${id}`
  return { topic, key, value: null, headers: { [tokenHeader]: of.token ?? '' } }
}

/** @throws InputError for a message that is no record of a queue; `readSentId` then may name it */
export function decodeQueueRecord(read: IncomingRecord): ReadQueueRecord {
  const { key, value, headers } = read
  const token = headers.get(tokenHeader) ?? ''
  const id = key?.slice(eventKey.length) ?? ''
  if (key?.startsWith(changeKey) === true) {
    if (value === null) return { record: { kind: 'forgotten', id }, token }
    return { record: { ...(JSON.parse(value) as QueueChange), id }, token }
  }
  if (value === null) return { record: { kind: 'eventRemoved', id }, token }
  const event = decodeEvent({ ...read, key: null })
  const atMs = Number(headers.get(sentAt) ?? read.timestampMs)
  const dueAtMs = Number(headers.get(dueAt) ?? atMs)
  return { record: { kind: 'sent', id, event, atMs, dueAtMs }, token }
}
