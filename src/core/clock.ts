/** Time, injected so that tests and simulation can own it. All values in milliseconds. */
export interface Clock {
  /** Wall time since the epoch; may jump when somebody sets the clock. */
  nowMs(): number
  /** Time that never jumps; its origin means nothing. */
  monotonicMs(): number
  /** Calls `fire` once after `delayMs` unless the returned function cancels it. */
  after(delayMs: number, fire: () => void): () => void
  /** Calls `run` at the end of the current turn, after all resolved promises have run. */
  atTurnEnd(run: () => void): void
}

/** The computer's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs)
    return () => clearTimeout(timer)
  },
  atTurnEnd(run) {
    setImmediate(run)
  },
}
