import type { ErrorJson } from '../errors.ts'
import type { CloudEvent } from './events.ts'

/** An event of a work queue as its store keeps it, without the event itself. */
export interface StoredMessage {
  /** Names it in its store; later ones have higher numbers. */
  readonly position: number
  /** `repeatKey` of the event. */
  readonly repeatKey: string
  readonly partitionKey: string | null
  readonly status: 'waiting' | 'done' | 'dead'
  /** How often it was delivered; in the count is also a delivery that its process did not outlive. */
  readonly deliveries: number
  /** Of a waiting one: when it was accepted. Of a dead one: when it died. */
  readonly atMs: number
  /** Epoch time before which it is not delivered. */
  readonly dueAtMs: number
  /** Of a dead one. */
  readonly error: ErrorJson | null
}

/** One change of a message, named by its position. */
export type QueueChange =
  | {
      readonly kind: 'sent'
      readonly position: number
      readonly queue: string
      readonly event: CloudEvent
      readonly repeatKey: string
      readonly atMs: number
      readonly dueAtMs: number
    }
  | { readonly kind: 'delivered'; readonly position: number; readonly deliveries: number }
  | { readonly kind: 'postponed'; readonly position: number; readonly dueAtMs: number }
  /** Handled: the event itself is not needed any more, its key is. */
  | { readonly kind: 'done'; readonly position: number }
  | {
      readonly kind: 'dead'
      readonly position: number
      readonly error: ErrorJson
      readonly atMs: number
    }
  /** A dead letter waits again, with no deliveries. */
  | { readonly kind: 'redriven'; readonly position: number; readonly atMs: number }
  /** Nothing of it is needed any more. */
  | { readonly kind: 'forgotten'; readonly position: number }

/** Where work queues keep their events. */
export interface QueueStore {
  /** A position that no message has or had. */
  nextPosition(): number
  /** Every message of a queue in order of position. @throws StorageError */
  load(queue: string): readonly StoredMessage[]
  /** The event of a message that is waiting or dead. @throws StateConsistencyError when it is damaged; StorageError */
  read(position: number): CloudEvent
  /**
   * Makes the changes, all or nothing, in their order; durable when this resolves.
   *
   * @throws StorageError (retryable) when the disk is full or read-only; StateConsistencyError when the file
   *   has a newer owner
   */
  commit(changes: readonly QueueChange[]): Promise<void>
}
