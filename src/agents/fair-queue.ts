import { invariant } from '../core/assert.ts'

interface Entry<T> {
  readonly value: T
  readonly lane: Lane<T>
  before: Entry<T> | null
  after: Entry<T> | null
}

/** What one owner has in the queue, and its neighbours in the ring of owners. */
interface Lane<T> {
  readonly owner: number
  head: Entry<T> | null
  tail: Entry<T> | null
  before: Lane<T>
  after: Lane<T>
}

/**
 * A queue that serves its owners in turn, and what one owner has waiting first come first served: whoever
 * queues 10,000 delays another by one place, not by 10,000. Every operation is O(1) but `shiftOldest`.
 */
export class FairQueue<T> {
  readonly #lanes = new Map<number, Lane<T>>()
  readonly #entries = new Map<T, Entry<T>>()
  /** Whose turn it is. */
  #next: Lane<T> | null = null

  get size(): number {
    return this.#entries.size
  }

  /** @throws InternalError when the same value already waits */
  push(owner: number, value: T): void {
    invariant(!this.#entries.has(value), 'the same value waits twice in one queue')
    const lane = this.#lanes.get(owner) ?? this.#addLane(owner)
    const entry: Entry<T> = { value, lane, before: lane.tail, after: null }
    if (lane.tail === null) lane.head = entry
    else lane.tail.after = entry
    lane.tail = entry
    this.#entries.set(value, entry)
  }

  /** Takes out the first of the owner whose turn it is; undefined when nothing waits. */
  shift(): T | undefined {
    const lane = this.#next
    if (lane === null) return undefined
    this.#next = lane.after
    return this.#takeFirst(lane)
  }

  /** Takes out the first of the owner with the lowest number; O(owners). Whose turn it is stays. */
  shiftOldest(): T | undefined {
    let oldest: Lane<T> | null = null
    for (const lane of this.#lanes.values())
      if (oldest === null || lane.owner < oldest.owner) oldest = lane
    return oldest === null ? undefined : this.#takeFirst(oldest)
  }

  #takeFirst({ head }: Lane<T>): T | undefined {
    if (head !== null) this.#unlink(head)
    return head?.value
  }

  /** Takes out a value wherever it is; false when it does not wait. */
  remove(value: T): boolean {
    const entry = this.#entries.get(value)
    if (entry === undefined) return false
    this.#unlink(entry)
    return true
  }

  /** A new owner is served after all who wait already. */
  #addLane(owner: number): Lane<T> {
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
