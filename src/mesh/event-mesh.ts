import type { CloudEvent, EventSink, EventSource } from '../core/contracts/events.ts'
import type { ErrorJson } from '../core/errors.ts'

/**
 * Carries events between agents. Each subscription, and each group of subscriptions, gets every event that
 * matches its pattern at least once: repeats have the same `source` and `id`, and order is not promised. A
 * delivery that fails is made again, `meshDeliveriesMax` times in all, then the event is a dead letter; one
 * that fails with `retryable: false` is so at once.
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
   * Publishes an event and resolves with the first reply that a handler returns.
   *
   * @throws AgentCommunicationError (retryable) when there is none within `timeoutMs`; the request may
   *   still be handled then. The handler's error when it failed for good, and what `publish` throws
   */
  request(event: CloudEvent, options: RequestOptions): Promise<CloudEvent>
  /** Tells what was given up. Returns a function that ends it. */
  onDeadLetter(listener: (letter: MeshDeadLetter) => void): () => void
  /** Resolves when everything that was accepted is handled or a dead letter. */
  drain(): Promise<void>
  /** Takes nothing more and waits for handlers that run. What none has begun is kept, or a dead letter. */
  close(): Promise<void>
}

/** Handles one delivery; a returned event is the reply to a request. Rejecting means: deliver it again. */
export type EventHandler = (event: CloudEvent, delivery: Delivery) => Promise<CloudEvent | void>

export interface Delivery {
  /** 1 for the first. */
  readonly attempt: number
  /** Aborted when the delivery has taken `meshHandlerMsMax`; it then counts as failed. */
  readonly signal: AbortSignal
}

export interface PublishOptions {
  /** How long to wait for room in a full queue. Default 0: refused at once. */
  readonly roomWithinMs?: number
}

export interface RequestOptions {
  readonly timeoutMs: number
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

/** An event that was given up for one subscription or group. */
export interface MeshDeadLetter {
  readonly event: CloudEvent
  readonly pattern: string
  /** Null for a subscription without a group. */
  readonly group: string | null
  /** How often it was delivered. */
  readonly deliveries: number
  readonly error: ErrorJson
  readonly atMs: number
}
