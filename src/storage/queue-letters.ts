import type { CloudEvent } from '../core/contracts/events.ts'
import {
  type QueueLetter,
  queueLetterId,
  type QueueLetterWithEvent,
} from '../core/contracts/queue-letter.ts'
import { invariant } from '../core/assert.ts'
import { isOrchestrationError } from '../core/errors.ts'
import { eventOfRow, messageOfRow, selectEvent, type StoredRow } from './queue-rows.ts'
import type { DatabaseReader } from './reader.ts'

type Row = StoredRow & { readonly queue: string }

/** A row whose state makes no sense is a dead letter too, as for its queue. */
const select = `
  SELECT queue, message AS position, repeat_key AS repeatKey, partition_key AS partitionKey, status,
    deliveries, at_ms AS atMs, due_at_ms AS dueAtMs, error
  FROM queue_messages WHERE namespace = 0 AND NOT (status IN (0, 1) AND error IS NULL)`

/** Dead letters of all work queues of a file, the oldest first, at most `limit`. @throws StorageError */
export function queueLetters(file: DatabaseReader, limit: number): readonly QueueLetter[] {
  return file.read(() =>
    file
      .prepare(`${select} ORDER BY at_ms, message LIMIT ?`)
      .all(limit)
      .map((row) => letterOf(row as unknown as Row)),
  )
}

/** One of them with its event; undefined when there is none. @throws StorageError */
export function queueLetter(
  file: DatabaseReader,
  { queue, number }: { readonly queue: string; readonly number: string },
): QueueLetterWithEvent | undefined {
  return file.read(() => {
    const row = file
      .prepare(`${select} AND queue = ? AND message = ?`)
      .get(queue, Number(number)) as unknown as Row | undefined
    return row === undefined ? undefined : { ...letterOf(row), event: eventOf(file, row.position) }
  })
}

function letterOf({ queue, ...row }: Row): QueueLetter {
  const { position, deliveries, error, atMs } = messageOfRow(row)
  invariant(error !== null, `message ${position} is no dead letter`)
  return { id: queueLetterId({ queue, number: String(position) }), queue, deliveries, error, atMs }
}

function eventOf(file: DatabaseReader, position: number): CloudEvent | null {
  try {
    return eventOfRow(position, file.prepare(selectEvent).get(position))
  } catch (thrown) {
    if (isOrchestrationError(thrown) && thrown.code === 'StateConsistencyError') return null
    throw thrown
  }
}
