import type { CloudEvent, EventSink, EventSource } from '../core/contracts/events.ts'
import type { ErrorJson } from '../core/errors.ts'
import type { MeshReading } from '../core/contracts/mesh.ts'
import type { QueueOptions, WorkQueue } from './work-queue.ts'

/**
 * Carries events between agents. Each subscription, and each group of subscriptions, gets every event that
 * matches its pattern at least once. Events with the same `partitionkey` come to it one after the other, in
 * the order in which they were accepted; others in no promised order. A delivery that fails is made again,
 * `meshDeliveriesMax` times in all, then the event is a dead letter; one that fails with `retryable: false`
 * is so at once. An event whose `source` and `id` were accepted a while ago (`meshRepeatsMax`,
 * `meshRepeatWindowMs`) is dropped, unless it became a dead letter; older repeats come through.
 */
export interface EventMesh extends EventSource, EventSink {
  /**
   * Resolves when the event is accepted for every subscription there is; nobody has it yet when this rejects.
   *
   * @throws ResourceExhaustionError (retryable) when a queue is full (`meshQueueMax`) and stays so for
   *   `roomWithinMs`; InputError for what is no event; RefusedError once closed
   */
  publish(event: CloudEvent, options?: PublishOptions): Promise<void>
  /**
   * Hands every event to `handler` that is published after this resolves and matches.
   *
   * @param pattern a type; or the beginning of types, followed by `*`; `*` alone is every event
   * @throws InputError for another pattern, or when the group has members with another pattern;
   *   RefusedError once closed
   */
  subscribe(
    pattern: string,
    handler: EventHandler,
    options?: SubscribeOptions,
  ): Promise<MeshSubscription>
  /**
   * Publishes an event and resolves with the first reply that a handler returns. The request carries a
   * `correlationid` (its own, or its `id`) and the deadline as `expirytime`; the reply has the same
   * `correlationid` and the request's `id` as `causationid`. A request is never dropped as a repeat.
   *
   * @throws AgentCommunicationError (retryable) when there is none within `timeoutMs`: handlers that still
   *   run are told by their `signal`, and the request is not delivered again. WorkflowCancelledError when
   *   `signal` is aborted, with the same effect. The handler's error when it failed for good, and what
   *   `publish` throws
   */
  request(event: CloudEvent, options: RequestOptions): Promise<CloudEvent>
  /**
   * The work queue of a name, made when it is not there; durable where the mesh keeps a store.
   *
   * @param options of the first opening; null or the same from then on
   * @throws InputError for a name that is no text of 1 to 200 characters, options that are no limits, or
   *   other options than those it was opened with; RefusedError once closed; StorageError
   */
  queue(name: string, options?: QueueOptions): Promise<WorkQueue>
  /** Tells what was given up, of subscriptions and of queues. Returns a function that ends it. */
  onDeadLetter(listener: (letter: MeshDeadLetter) => void): () => void
  /** What waits where, and what was counted so far: for metrics. */
  readings(): readonly MeshReading[]
  /** Resolves when everything that subscriptions have accepted is handled or a dead letter. Of queues: as long as they have a worker. */
  drain(): Promise<void>
  /**
   * Takes nothing more and waits for handlers that run. What none has begun is kept, or a dead letter; in a
   * durable queue it is kept.
   */
  close(): Promise<void>
}

/** Handles one delivery; a returned event is the reply to a request. Rejecting means: deliver it again. */
export type EventHandler = (event: CloudEvent, delivery: Delivery) => Promise<CloudEvent | void>

export interface Delivery {
  /** 1 for the first. */
  readonly attempt: number
  /** Aborted when the delivery has taken too long, which counts as failed, or when nobody waits for its reply any more. */
  readonly signal: AbortSignal
  /** Epoch time at which the delivery counts as failed. */
  readonly deadlineMs: number
  /** Moves the deadline to so long from now. False when the delivery is over. */
  extend(ms: number): boolean
}

export interface PublishOptions {
  /** How long to wait for room in a full queue. Default 0: refused at once. */
  readonly roomWithinMs?: number
}

export interface RequestOptions {
  /** Until the reply, counted from the call. */
  readonly timeoutMs: number
  /** Ends the request when it is aborted. */
  readonly signal?: AbortSignal
}

export interface SubscribeOptions {
  /** Members of a group share its events: each goes to one of them. Default: a group of its own. */
  readonly group?: string
  /** Deliveries to this handler at the same time. Default 16. */
  readonly maxConcurrent?: number
}

export interface MeshSubscription {
  /**
   * Takes nothing more, and resolves when its handler runs no more: not to be awaited inside of it. What
   * waits goes to the rest of the group; with nobody left it is kept for the next member, or a dead letter.
   */
  stop(): Promise<void>
}

/** An event that was given up for one subscription, group or queue. */
export interface MeshDeadLetter {
  /** Null when what a queue has stored can no longer be read. */
  readonly event: CloudEvent | null
  /** Null for a queue. */
  readonly pattern: string | null
  /** Null for a subscription without a group, and for a queue. */
  readonly group: string | null
  /** Null for a subscription. */
  readonly queue: string | null
  /** How often it was delivered. */
  readonly deliveries: number
  readonly error: ErrorJson
  readonly atMs: number
}
