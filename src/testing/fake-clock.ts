import type { Clock } from '../core/clock.ts'

interface Timer {
  readonly dueMs: number
  readonly order: number
  readonly clock: LifeClock
  readonly fire: () => void
}

/**
 * Time that stands still until it is advanced, shared by the lives of a process that is killed and
 * started again. What is due at the same time happens in the order in which it was asked for.
 */
export class FakeTime {
  #monotonicMs = 5_000
  #wallMs: number
  #order = 0
  #timers: Timer[] = []
  #turnEnds: { readonly clock: LifeClock; readonly run: () => void }[] = []

  /** @param startMs wall time at the beginning */
  constructor(startMs = 1_700_000_000_000) {
    this.#wallMs = startMs
  }

  get wallMs(): number {
    return this.#wallMs
  }

  get monotonicMs(): number {
    return this.#monotonicMs
  }

  /** A clock for one life of a process; `die` ends it. */
  newLife(): LifeClock {
    return new LifeClock(this)
  }

  /** Somebody sets the wall clock; nothing becomes due by that. */
  setWall(wallMs: number): void {
    this.#wallMs = wallMs
  }

  /** Time passes while nobody is there to notice. */
  pass(ms: number): void {
    this.#monotonicMs += ms
    this.#wallMs += ms
  }

  /** Lets everything happen that is due within `ms`, one thing after the other; 0 lets only the present turn end. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#monotonicMs + ms
    await this.#settle()
    for (;;) {
      const next = this.#next(untilMs)
      if (next === undefined) break
      this.pass(Math.max(0, next.dueMs - this.#monotonicMs))
      if (!next.clock.isDead) next.fire()
      await this.#settle()
    }
    this.pass(untilMs - this.#monotonicMs)
  }

  /** Of `LifeClock`. */
  after(clock: LifeClock, delayMs: number, fire: () => void): () => void {
    const dueMs = this.#monotonicMs + Math.max(0, delayMs)
    const timer = { dueMs, order: this.#order++, clock, fire }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Of `LifeClock`. */
  atTurnEnd(clock: LifeClock, run: () => void): void {
    this.#turnEnds.push({ clock, run })
  }

  #next(untilMs: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.dueMs > untilMs) continue
      if (
        first === undefined ||
        timer.dueMs < first.dueMs ||
        (timer.dueMs === first.dueMs && timer.order < first.order)
      ) {
        first = timer
      }
    }
    if (first !== undefined) this.#timers = this.#timers.filter((other) => other !== first)
    return first
  }

  async #settle(): Promise<void> {
    for (;;) {
      await promisesRun()
      const ends = this.#turnEnds.splice(0)
      if (ends.length === 0) return
      for (const { clock, run } of ends) if (!clock.isDead) run()
    }
  }
}

/** The clock of one life of a process: nothing fires any more once it is dead. */
export class LifeClock implements Clock {
  readonly #time: FakeTime
  isDead = false

  constructor(time: FakeTime) {
    this.#time = time
  }

  nowMs(): number {
    return this.#time.wallMs
  }

  monotonicMs(): number {
    return this.#time.monotonicMs
  }

  after(delayMs: number, fire: () => void): () => void {
    return this.#time.after(this, delayMs, fire)
  }

  atTurnEnd(run: () => void): void {
    this.#time.atTurnEnd(this, run)
  }

  /** kill -9: whatever was armed never fires. */
  die(): void {
    this.isDead = true
  }
}

/** Chains of resolved promises up to this length run before a turn counts as over. */
const promiseChainMax = 100

async function promisesRun(): Promise<void> {
  for (let i = 0; i < promiseChainMax; i++) await Promise.resolve()
}
