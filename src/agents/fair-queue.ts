import { invariant } from '../core/assert.ts'

/** Whose turn somebody who waits takes. */
export interface Turn {
  readonly owner: string
  /** Lower is older. */
  readonly age: number
}

interface Entry<T> {
  readonly value: T
  readonly age: number
  readonly lane: Lane<T>
  before: Entry<T> | null
  after: Entry<T> | null
}

/** What one owner has in the queue, and its neighbours in the ring of owners. */
interface Lane<T> {
  readonly owner: string
  head: Entry<T> | null
  tail: Entry<T> | null
  before: Lane<T>
  after: Lane<T>
}

/**
 * A queue that serves its owners in turn, and what one owner has waiting first come first served: whoever
 * queues 10,000 delays another by one place, not by 10,000. Every operation is O(1),
 * but while the oldest are asked for.
 */
export class FairQueue<T> {
  readonly #lanes = new Map<string, Lane<T>>()
  readonly #entries = new Map<T, Entry<T>>()
  /** Oldest last, while the oldest are asked for; what was taken out otherwise is still in it. */
  #byAge: Entry<T>[] | null = null
  /** Whose turn it is. */
  #next: Lane<T> | null = null

  get size(): number {
    return this.#entries.size
  }

  /** @throws InternalError when the same value already waits */
  push({ owner, age }: Turn, value: T): void {
    invariant(!this.#entries.has(value), 'the same value waits twice in one queue')
    const lane = this.#lanes.get(owner) ?? this.#addLane(owner)
    const entry: Entry<T> = { value, age, lane, before: lane.tail, after: null }
    if (lane.tail === null) lane.head = entry
    else lane.tail.after = entry
    lane.tail = entry
    this.#entries.set(value, entry)
    if (this.#byAge !== null) this.#byAge.splice(placeOf(this.#byAge, age), 0, entry)
  }

  /** Takes out the first of the owner whose turn it is; undefined when nothing waits. */
  shift(): T | undefined {
    const lane = this.#next
    if (lane === null) return undefined
    this.#next = lane.after
    this.#byAge = null
    if (lane.head === null) return undefined
    const { value } = lane.head
    this.#unlink(lane.head)
    return value
  }

  /** Takes out the oldest, whoever has it; whose turn it is stays. */
  shiftOldest(): T | undefined {
    // Those that came first are last among the equally old: they are taken from the end.
    this.#byAge ??= [...this.#entries.values()].toReversed().sort((a, b) => b.age - a.age)
    for (let entry = this.#byAge.pop(); entry !== undefined; entry = this.#byAge.pop()) {
      if (this.#entries.get(entry.value) !== entry) continue
      this.#unlink(entry)
      return entry.value
    }
    return undefined
  }

  /** Takes out a value wherever it is; false when it does not wait. */
  remove(value: T): boolean {
    const entry = this.#entries.get(value)
    if (entry === undefined) return false
    this.#unlink(entry)
    return true
  }

  /** A new owner is served after all who wait already. */
  #addLane(owner: string): Lane<T> {
    const lane = { owner, head: null, tail: null } as unknown as Lane<T>
    const next = this.#next
    lane.after = next ?? lane
    lane.before = next?.before ?? lane
    lane.before.after = lane
    lane.after.before = lane
    this.#next ??= lane
    this.#lanes.set(owner, lane)
    return lane
  }

  #unlink(entry: Entry<T>): void {
    const { lane, before, after } = entry
    if (before === null) lane.head = after
    else before.after = after
    if (after === null) lane.tail = before
    else after.before = before
    this.#entries.delete(entry.value)
    if (lane.head === null) this.#dropLane(lane)
  }

  #dropLane(lane: Lane<T>): void {
    this.#lanes.delete(lane.owner)
    lane.before.after = lane.after
    lane.after.before = lane.before
    if (this.#next === lane) this.#next = lane.after === lane ? null : lane.after
  }
}

/** Before all that are as old or older. */
function placeOf(byAge: readonly { readonly age: number }[], age: number): number {
  let low = 0
  let high = byAge.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((byAge[middle] as { age: number }).age > age) low = middle + 1
    else high = middle
  }
  return low
}
