import type { ErrorJson } from '../errors.ts'
import type { CloudEvent } from './events.ts'

/** A dead letter of a work queue as a file keeps it. */
export interface QueueLetter {
  /** `queue:NAME/NUMBER`: no execution has an id with a colon, so it is told from theirs. */
  readonly id: string
  readonly queue: string
  readonly deliveries: number
  readonly error: ErrorJson
  readonly atMs: number
}

/** With the event that was given up; null when what was stored can no longer be read. */
export interface QueueLetterWithEvent extends QueueLetter {
  readonly event: CloudEvent | null
}

/** Closes dead letters of work queues, whether the queue is open in this process or not. */
export interface QueueDesk {
  /** The queue delivers it again, with a new count. @throws NotFoundError; StorageError */
  redrive(queue: string, number: string): Promise<void>
  /** Removes it. @throws NotFoundError; StorageError */
  discard(queue: string, number: string): Promise<void>
}

/** Names the queue of a dead letter, and the letter within it. */
export interface QueueLetterPlace {
  readonly queue: string
  /** As `QueueDeadLetter.id`. */
  readonly number: string
}

const prefix = 'queue:'

/** The id of a dead letter of a queue among all dead letters. */
export function queueLetterId({ queue, number }: QueueLetterPlace): string {
  return `${prefix}${queue}/${number}`
}

/** What such an id names; null for the id of a dead letter of an execution. */
export function queueLetterPlace(id: string): QueueLetterPlace | null {
  const slash = id.lastIndexOf('/')
  if (!id.startsWith(prefix) || slash < prefix.length) return null
  return { queue: id.slice(prefix.length, slash), number: id.slice(slash + 1) }
}

/** As a list of all dead letters has it: it belongs to no execution. */
export function listedLetter({ id, error, atMs }: QueueLetter): {
  readonly id: string
  readonly executionId: null
  readonly stepId: null
  readonly error: ErrorJson
  readonly atMs: number
} {
  return { id, executionId: null, stepId: null, error, atMs }
}

/** How the event of a closed dead letter stands. */
export const queueLetterStatus = { redrive: 'waiting', discard: 'discarded' } as const

/** The execution that the id of its dead letter begins with. */
export function executionOfLetter(id: string): string {
  return id.split('/')[0] as string
}
