import type { CloudEvent } from '../core/contracts/events.ts'
import type { ErrorJson } from '../core/errors.ts'
import type { Delivery, MeshSubscription } from './event-mesh.ts'
import type { MeshReading } from '../core/contracts/mesh.ts'

/**
 * Work that is done by whoever is free. An event is in the queue from `send` until a worker has handled it,
 * also while there is no worker. It goes to one worker at a time: when that fails, takes longer than
 * `visibilityMs` or dies with its process, the event is delivered again with a higher count; after
 * `deliveriesMax` it is a dead letter, which the queue keeps. Events with the same `partitionkey` are handled
 * one after the other in the order in which they were sent, a failed one before those behind it.
 */
export interface WorkQueue {
  readonly name: string
  /**
   * Resolves when the event is accepted, which is durable where the queue is: `repeated` when the queue has
   * an event of the same `source` and `id`, or had it a while ago (the newest `queueRepeatsMax` are
   * remembered), and nothing was added.
   *
   * @throws ResourceExhaustionError (retryable) when `depthMax` events wait; InputError for what is no event;
   *   StorageError (retryable) when it cannot be recorded; RefusedError once the mesh is closed
   */
  send(event: CloudEvent, options?: SendOptions): Promise<'accepted' | 'repeated'>
  /**
   * Hands events to `handler` from now on. It acknowledges by resolving; rejecting means: deliver it again
   * after a pause, or a dead letter at once for an error with `retryable: false`.
   */
  work(handler: WorkHandler, options?: WorkOptions): Promise<MeshSubscription>
  /** The dead letters that it keeps, the oldest first, at most `limit` (default 100). */
  deadLetters(limit?: number): Promise<readonly QueueDeadLetter[]>
  /** Delivers a dead letter again, with a new count. @throws NotFoundError; StorageError */
  redrive(id: string): Promise<void>
  /** Removes a dead letter. @throws NotFoundError; StorageError */
  discard(id: string): Promise<void>
  reading(): MeshReading
}

export interface QueueOptions {
  /** How long a worker may take before the event is delivered again. Default `meshHandlerMsMax`. */
  readonly visibilityMs?: number
  /** Deliveries before an event is a dead letter. Default `meshDeliveriesMax`. */
  readonly deliveriesMax?: number
  /** Events that wait or are being handled. Default `queueDepthMax`. */
  readonly depthMax?: number
}

export interface SendOptions {
  /** Not delivered before so long from now. Default 0. */
  readonly delayMs?: number
}

export interface WorkOptions {
  /** Deliveries to this handler at the same time. Default 16. */
  readonly maxConcurrent?: number
}

export type WorkHandler = (event: CloudEvent, delivery: WorkDelivery) => Promise<unknown>

/** One delivery of a queue. What is said first counts: `ack`, `nack`, or how the handler ends. */
export interface WorkDelivery extends Delivery {
  /** The event is handled, though the handler goes on. False when the delivery is over: somebody else has the event. */
  ack(): boolean
  /** Deliver it again, after `delayMs` (default: the usual pause). It counts as a failed delivery. False when the delivery is over. */
  nack(options?: { readonly delayMs?: number }): boolean
}

/** An event that a queue has given up. */
export interface QueueDeadLetter {
  /** Names it within its queue. */
  readonly id: string
  /** Null when what was stored can no longer be read. */
  readonly event: CloudEvent | null
  readonly deliveries: number
  readonly error: ErrorJson
  readonly atMs: number
}
