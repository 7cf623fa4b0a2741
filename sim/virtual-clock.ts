import type { Clock } from '../src/core/clock.ts'

interface Entry {
  readonly atMs: number
  readonly order: number
  readonly fire: () => void
  isCancelled: boolean
}

/**
 * Time that moves only when the simulation says so. Things due at the same time happen in the order in
 * which they were asked for.
 */
export class VirtualTime {
  #nowMs = 0
  #order = 0
  #heap: Entry[] = []
  /** How far the wall clock was set off. */
  wallOffsetMs = 1_700_000_000_000

  get nowMs(): number {
    return this.#nowMs
  }

  get isEmpty(): boolean {
    return this.#heap.length === 0
  }

  /** When the next thing is due; Infinity for never. */
  get nextAtMs(): number {
    return this.#heap[0]?.atMs ?? Infinity
  }

  at(atMs: number, fire: () => void): () => void {
    const entry: Entry = {
      atMs: Math.max(atMs, this.#nowMs),
      order: this.#order++,
      fire,
      isCancelled: false,
    }
    this.#push(entry)
    return () => {
      entry.isCancelled = true
    }
  }

  /** Moves to the next thing that is due and lets it happen. False when nothing is left. */
  step(): boolean {
    for (;;) {
      const entry = this.#pop()
      if (entry === undefined) return false
      if (entry.isCancelled) continue
      this.#nowMs = entry.atMs
      entry.fire()
      return true
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let place = heap.length
    heap.push(entry)
    while (place > 0) {
      const above = (place - 1) >> 1
      if (!isBefore(entry, heap[above] as Entry)) break
      heap[place] = heap[above] as Entry
      place = above
    }
    heap[place] = entry
  }

  #pop(): Entry | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let place = 0
    for (;;) {
      let below = 2 * place + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Entry, heap[below] as Entry))
        below++
      if (!isBefore(heap[below] as Entry, last)) break
      heap[place] = heap[below] as Entry
      place = below
    }
    heap[place] = last
    return first
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

/** The clock of one process in virtual time; nothing fires any more once the process is dead. */
export class ProcessClock implements Clock {
  readonly #time: VirtualTime
  #turnEnds: (() => void)[] = []
  isDead = false

  constructor(time: VirtualTime) {
    this.#time = time
  }

  nowMs(): number {
    return this.#time.wallOffsetMs + this.#time.nowMs
  }

  monotonicMs(): number {
    return this.#time.nowMs
  }

  after(delayMs: number, fire: () => void): () => void {
    return this.#time.at(this.#time.nowMs + Math.max(0, delayMs), () => {
      if (!this.isDead) fire()
    })
  }

  atTurnEnd(run: () => void): void {
    this.#turnEnds.push(run)
  }

  /** Ends the turn: false when nobody wanted to be called. */
  endTurn(): boolean {
    const runs = this.#turnEnds
    if (runs.length === 0) return false
    this.#turnEnds = []
    if (!this.isDead) for (const run of runs) run()
    return true
  }
}
