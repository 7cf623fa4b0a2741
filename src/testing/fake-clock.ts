import type { Clock } from '../core/clock.ts'

interface Timer {
  readonly dueMs: number
  readonly order: number
  readonly clock: LifeClock
  readonly fire: () => void
  isCancelled: boolean
}

/**
 * Time that stands still until it is advanced, shared by the lives of a process that is killed and
 * started again. What is due at the same time happens in the order in which it was asked for.
 */
export class FakeTime {
  #monotonicMs: number
  #wallMs: number
  #order = 0
  /** A binary heap; cancelled timers and those of the dead stay in it until they come up. */
  readonly #timers: Timer[] = []
  #turnEnds: { readonly clock: LifeClock; readonly run: () => void }[] = []

  /**
   * @param startMs wall time at the beginning
   * @param monotonicMs monotonic time at the beginning
   */
  constructor(startMs = 1_700_000_000_000, monotonicMs = 5_000) {
    this.#wallMs = startMs
    this.#monotonicMs = monotonicMs
  }

  get wallMs(): number {
    return this.#wallMs
  }

  get monotonicMs(): number {
    return this.#monotonicMs
  }

  /** Monotonic time at which something is due next; Infinity for never. */
  get nextDueMs(): number {
    return this.#first()?.dueMs ?? Infinity
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
    await this.settle()
    while (this.nextDueMs <= untilMs) {
      this.step()
      await this.settle()
    }
    this.pass(Math.max(0, untilMs - this.#monotonicMs))
  }

  /** Moves to the next thing that is due and lets it happen; false when there is none. The turn is not over yet. */
  step(): boolean {
    const timer = this.#first()
    if (timer === undefined) return false
    this.#pop()
    this.pass(Math.max(0, timer.dueMs - this.#monotonicMs))
    timer.fire()
    return true
  }

  /** Lets the present turn end: everything that needs no time has happened when it resolves. */
  async settle(): Promise<void> {
    for (;;) {
      await promisesRun()
      const ends = this.#turnEnds
      if (ends.length === 0) return
      this.#turnEnds = []
      for (const { clock, run } of ends) if (!clock.isDead) run()
    }
  }

  /** Of `LifeClock`. */
  after(clock: LifeClock, delayMs: number, fire: () => void): () => void {
    const dueMs = this.#monotonicMs + Math.max(0, delayMs)
    const timer = { dueMs, order: this.#order++, clock, fire, isCancelled: false }
    this.#push(timer)
    return () => {
      timer.isCancelled = true
    }
  }

  /** Of `LifeClock`. */
  atTurnEnd(clock: LifeClock, run: () => void): void {
    this.#turnEnds.push({ clock, run })
  }

  #first(): Timer | undefined {
    for (;;) {
      const timer = this.#timers[0]
      if (timer === undefined || (!timer.isCancelled && !timer.clock.isDead)) return timer
      this.#pop()
    }
  }

  #push(timer: Timer): void {
    const heap = this.#timers
    let place = heap.length
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above] as Timer
      if (!isBefore(timer, parent)) break
      heap[place] = parent
      place = above
    }
    heap[place] = timer
  }

  #pop(): void {
    const heap = this.#timers
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let place = 0
    for (;;) {
      let below = 2 * place + 1
      if (below >= heap.length) break
      const right = heap[below + 1]
      if (right !== undefined && isBefore(right, heap[below] as Timer)) below++
      const child = heap[below] as Timer
      if (!isBefore(child, last)) break
      heap[place] = child
      place = below
    }
    heap[place] = last
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)
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

// A test runner's fake timers may replace it later.
const nextTick = process.nextTick.bind(process)

/** Lets every resolved promise run: the next tick comes when none is left. */
function promisesRun(): Promise<void> {
  return new Promise((resolve) => nextTick(resolve))
}
