import type { Clock } from '../core/clock.ts'

/** A clock that stands still until it is advanced; for the tests of this room. */
export class FakeClock implements Clock {
  #ms = 1_700_000_000_000
  #timers: { readonly dueMs: number; readonly fire: () => void }[] = []
  #turnEnds: (() => void)[] = []

  nowMs(): number {
    return this.#ms
  }

  monotonicMs(): number {
    return this.#ms - 1_600_000_000_000
  }

  /** Timers that are armed. */
  get armed(): number {
    return this.#timers.length
  }

  after(delayMs: number, fire: () => void): () => void {
    const timer = { dueMs: this.#ms + delayMs, fire }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  atTurnEnd(run: () => void): void {
    this.#turnEnds.push(run)
  }

  /** Ends the turn, then fires in order what comes due within `ms`. */
  advance(ms: number): void {
    const untilMs = this.#ms + ms
    this.#endTurn()
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.dueMs - b.dueMs)[0]
      if (next === undefined || next.dueMs > untilMs) break
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#ms = next.dueMs
      next.fire()
      this.#endTurn()
    }
    this.#ms = untilMs
  }

  #endTurn(): void {
    for (let run = this.#turnEnds.shift(); run !== undefined; run = this.#turnEnds.shift()) run()
  }
}
