/** The pause before the second delivery; it doubles with each further one, up to the longest. */
const pauseMs = 100
const pauseMsMax = 60_000

/** What a worker says by `nack`. */
export class Postponed extends Error {
  /** Null: the usual pause. */
  readonly delayMs: number | null

  constructor(delayMs: number | null) {
    super('the worker gave it back (nack)')
    this.name = 'Postponed'
    this.delayMs = delayMs
  }
}

/** How long to wait before an event is delivered again that was delivered so often. */
export function redeliveryDelayMs(thrown: unknown, deliveries: number): number {
  if (thrown instanceof Postponed && thrown.delayMs !== null) return thrown.delayMs
  return Math.min(pauseMs * 2 ** (deliveries - 1), pauseMsMax)
}
