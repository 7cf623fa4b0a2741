import type { Clock } from '../core/clock.ts'

/** Remembers names of events for a while, the newest of them: at most `max`, each for `windowMs`. */
export class Repeats {
  readonly #clock: Clock
  readonly #max: number
  readonly #windowMs: number
  /** When each was added, in that order. */
  readonly #added = new Map<string, number>()

  constructor(options: { readonly clock: Clock; readonly max: number; readonly windowMs: number }) {
    this.#clock = options.clock
    this.#max = options.max
    this.#windowMs = options.windowMs
  }

  has(key: string): boolean {
    const addedMs = this.#added.get(key)
    return addedMs !== undefined && this.#clock.monotonicMs() - addedMs < this.#windowMs
  }

  add(key: string): void {
    const nowMs = this.#clock.monotonicMs()
    this.#added.delete(key)
    this.#added.set(key, nowMs)
    for (const [oldest, addedMs] of this.#added) {
      if (this.#added.size <= this.#max && nowMs - addedMs < this.#windowMs) return
      this.#added.delete(oldest)
    }
  }

  forget(key: string): void {
    this.#added.delete(key)
  }
}
