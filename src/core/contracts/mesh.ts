import type { JsonValue } from '../json.ts'
import type { CloudEvent, EventConsumer, EventSource } from './events.ts'
import type { QueueDesk } from './queue-letter.ts'

/** What waits in one place of the mesh, and what happened there since it was opened. */
export interface MeshReading {
  readonly kind: 'subscription' | 'group' | 'queue'
  /** The pattern of a subscription, else the name. */
  readonly name: string
  /** Events that wait, for a worker or for their time. */
  readonly depth: number
  /** Events that are being handled. */
  readonly inFlight: number
  /** Age of the oldest event that is not handled; 0 without any. */
  readonly oldestAgeMs: number
  /** Dead letters that a queue keeps; 0 for a subscription. */
  readonly dead: number
  readonly deliveries: number
  /** Deliveries after the first of an event. */
  readonly redeliveries: number
  readonly deadLetters: number
  /** Repeats that were dropped. */
  readonly repeats: number
  /** Events that were refused, because the place was full or they could not be recorded. */
  readonly refused: number
}

/** The trace around publishing and handling. Must not throw. */
export interface MeshTracer {
  /** W3C trace context of the span that is active now; null for none. */
  active(): string | null
  /** Runs a delivery in a span of its own, which belongs to the trace of the event. */
  deliver<T>(delivery: TracedDelivery, run: () => Promise<T>): Promise<T>
}

export interface TracedDelivery {
  readonly event: CloudEvent
  readonly kind: MeshReading['kind']
  readonly name: string
  readonly attempt: number
}

/** Traces nothing. */
export const silentMeshTracer: MeshTracer = {
  active: () => null,
  deliver: (_, run) => run(),
}

/** An event as an agent gives it; who sent it, when and under which id is added. */
export interface OutgoingEvent {
  readonly type: string
  /** Anything that JSON can say. Default null. */
  readonly data?: unknown
  readonly subject?: string
  readonly partitionkey?: string
}

/** An event that a call has published, as it is recorded with its outcome. */
export interface PublishedEvent extends OutgoingEvent {
  readonly data: JsonValue
  readonly traceparent?: string
}

/** The mesh as one call of an agent sees it. */
export interface MeshAccess {
  /**
   * Publishes the event when the call completes, in the commit that records its output; a call that fails or
   * is called again for it publishes nothing. It is sent at least once, always with the same `id` and
   * `source`, so that whoever gets it can drop repeats.
   *
   * @throws InputError for what is no event; ResourceExhaustionError over `publishedEventsMax` events of one
   *   call or `payloadBytesMax` bytes of them; UsageError after the call has ended
   */
  publish(event: OutgoingEvent): void
  /**
   * Asks at once and resolves with the first reply. An attempt that is made again asks again, with the same
   * `id`: whoever answers knows the repeat by it. Ends when the call does.
   *
   * @throws RefusedError where there is no mesh; AgentCommunicationError without a reply in time; what
   *   `EventMesh.request` throws
   */
  request(event: OutgoingEvent, options: { readonly timeoutMs: number }): Promise<CloudEvent>
  /**
   * Hands events that match to `consumer` until the call ends, or it is stopped; at most
   * `callSubscriptionsMax` at a time. Nothing is kept for a call that is made again.
   *
   * @throws RefusedError where there is no mesh; InputError for a pattern that is none;
   *   ResourceExhaustionError
   */
  subscribe(pattern: string, consumer: EventConsumer): Promise<{ stop(): Promise<void> }>
}

/** The mesh as far as an engine and its agents use it. */
export interface MeshPort extends EventSource {
  /** Absent where its queues are not in the engine's file. */
  readonly queueLetters?: QueueDesk
  /** Resolves when the event is accepted. @throws as `EventMesh.publish` */
  publish(event: CloudEvent, options?: { readonly roomWithinMs?: number }): Promise<void>
  /** @throws as `EventMesh.request` */
  request(
    event: CloudEvent,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<CloudEvent>
}

/** The mesh as far as somebody answers over it. */
export interface MeshResponder extends MeshPort {
  /** As `EventMesh.subscribe`: a returned event is the reply to a request. */
  subscribe(
    pattern: string,
    handler: (
      event: CloudEvent,
      delivery: { readonly signal: AbortSignal; extend(ms: number): boolean },
    ) => Promise<CloudEvent | void>,
    options?: { readonly maxConcurrent?: number },
  ): Promise<{ stop(): Promise<void> }>
}
