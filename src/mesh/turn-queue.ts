import type { Clock } from '../core/clock.ts'

/** What may run within one turn of the event loop before timers and I/O get theirs. */
const runsMax = 1_000

/**
 * Runs things soon: as microtasks, for the sake of latency, and from the thousandth of a turn on in the next
 * turn, so that handlers which publish to each other without end do not stop the process.
 */
export class TurnQueue {
  readonly #clock: Clock
  #runs = 0
  #later: (() => void)[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  soon(run: () => void): void {
    if (this.#runs === 0) this.#clock.atTurnEnd(() => this.#nextTurn())
    this.#runs++
    if (this.#runs > runsMax) this.#later.push(run)
    else queueMicrotask(run)
  }

  #nextTurn(): void {
    this.#runs = 0
    for (const run of this.#later.splice(0)) this.soon(run)
  }
}
