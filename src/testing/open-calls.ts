import { systemClock } from '../core/clock.ts'

/** Turns of the event loop that are waited for before the wait becomes one of milliseconds. */
const quickTurns = 20

/**
 * The agents' functions that run now. Virtual time may pass while they wait for it, but not while they do
 * real work, such as reading a file: that is awaited in real time.
 */
export class OpenCalls {
  readonly #open = new Set<symbol>()
  /** Awaited long enough: they count as waiting for virtual time. */
  readonly #givenUp = new Set<symbol>()
  readonly #patienceMs: number
  #parked = 0
  /** Raised whenever calls were given up: their parking is then over too. */
  #round = 0

  /** @param patienceMs real time that one wait may take */
  constructor(patienceMs = 2_000) {
    this.#patienceMs = patienceMs
  }

  /** A function runs until the returned function is called. */
  add(): () => void {
    const call = Symbol('call')
    this.#open.add(call)
    return () => {
      this.#open.delete(call)
      this.#givenUp.delete(call)
    }
  }

  /** One that runs waits for virtual time until the returned function is called; twice is once. */
  readonly park = (): (() => void) => {
    this.#parked++
    let round = this.#round
    return () => {
      if (round === this.#round) this.#parked--
      round = -1
    }
  }

  /** Some function does real work. */
  get isWorking(): boolean {
    return this.#open.size - this.#givenUp.size - this.#parked > 0
  }

  /**
   * Lets real time pass until no function does real work, calling `settle` after each bit of it; a function
   * that takes longer than the patience is not awaited any more.
   */
  async rest(settle: () => Promise<void>): Promise<void> {
    if (!this.isWorking) return
    const startMs = systemClock.monotonicMs()
    for (let turn = 0; this.isWorking; turn++) {
      await new Promise<void>((resolve) => {
        if (turn < quickTurns) systemClock.atTurnEnd(resolve)
        else systemClock.after(1, resolve)
      })
      await settle()
      if (systemClock.monotonicMs() - startMs > this.#patienceMs) {
        for (const call of this.#open) this.#givenUp.add(call)
        this.#parked = 0
        this.#round++
      }
    }
  }
}
