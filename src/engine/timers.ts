import type { Clock } from '../core/clock.ts'
import { limits } from '../core/limits.ts'

/** One armed timer; keep it to disarm it. */
export interface ArmedTimer {
  dueMs: number
  /** Place in the heap; -1 when not armed any more. */
  place: number
  readonly fire: () => void
}

/**
 * All timers of an engine in one binary heap, by monotonic time, behind one armed timeout of at most
 * `timerArmMsMax`: setting the clock moves nothing and an idle engine wakes once a minute.
 */
export class Timers {
  readonly #clock: Clock
  readonly #heap: ArmedTimer[] = []
  #cancel: (() => void) | null = null
  #armedForMs = Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#heap.length
  }

  /** Calls `fire` once in `delayMs` (at once for zero or less), never before this returns. */
  arm(delayMs: number, fire: () => void): ArmedTimer {
    const dueMs = this.#clock.monotonicMs() + Math.max(0, delayMs)
    const timer: ArmedTimer = { dueMs, place: this.#heap.length, fire }
    this.#heap.push(timer)
    this.#up(timer.place)
    if (dueMs < this.#armedForMs) this.#rearm()
    return timer
  }

  disarm(timer: ArmedTimer): void {
    const { place } = timer
    if (place < 0) return
    const last = this.#heap.pop() as ArmedTimer
    timer.place = -1
    if (last === timer) return
    this.#heap[place] = last
    last.place = place
    this.#up(place)
    this.#down(last.place)
  }

  /** Forgets every timer. */
  close(): void {
    this.#cancel?.()
    this.#cancel = null
    for (const timer of this.#heap.splice(0)) timer.place = -1
  }

  #rearm(): void {
    this.#cancel?.()
    this.#cancel = null
    this.#armedForMs = Infinity
    const first = this.#heap[0]
    if (first === undefined) return
    const delayMs = Math.max(0, first.dueMs - this.#clock.monotonicMs())
    this.#armedForMs = first.dueMs
    this.#cancel = this.#clock.after(Math.min(Math.ceil(delayMs), limits.timerArmMsMax), () => {
      this.#cancel = null
      this.#fireDue()
    })
  }

  #fireDue(): void {
    const nowMs = this.#clock.monotonicMs()
    for (
      let first = this.#heap[0];
      first !== undefined && first.dueMs <= nowMs;
      first = this.#heap[0]
    ) {
      this.disarm(first)
      first.fire()
    }
    this.#rearm()
  }

  #up(from: number): void {
    const heap = this.#heap
    const timer = heap[from] as ArmedTimer
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above] as ArmedTimer
      if (parent.dueMs <= timer.dueMs) break
      heap[place] = parent
      parent.place = place
      place = above
    }
    heap[place] = timer
    timer.place = place
  }

  #down(from: number): void {
    const heap = this.#heap
    const timer = heap[from] as ArmedTimer
    let place = from
    for (;;) {
      let below = 2 * place + 1
      if (below >= heap.length) break
      const right = heap[below + 1]
      if (right !== undefined && right.dueMs < (heap[below] as ArmedTimer).dueMs) below++
      const child = heap[below] as ArmedTimer
      if (child.dueMs >= timer.dueMs) break
      heap[place] = child
      child.place = place
      place = below
    }
    heap[place] = timer
    timer.place = place
  }
}
