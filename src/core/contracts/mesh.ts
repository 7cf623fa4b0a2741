import type { CloudEvent } from './events.ts'

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
