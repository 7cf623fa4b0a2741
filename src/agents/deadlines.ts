import type { Clock } from '../core/clock.ts'
import { limits } from '../core/limits.ts'

/** Something that ends at a time unless it is removed before. */
export interface Deadline {
  expire(): void
  /** Owned by the `Deadlines`. */
  deadline: Entry | null
}

/** A link in the list of deadlines with the same duration. */
interface Entry {
  readonly dueMs: number
  readonly owner: Deadline
  readonly list: DurationList
  before: Entry | null
  after: Entry | null
}

interface DurationList {
  readonly durationMs: number
  head: Entry | null
  tail: Entry | null
}

/**
 * All deadlines of a process on one armed timer. Deadlines of one duration come due in the order they were set,
 * so each duration is a linked list: adding and removing is O(1), and calls that end within the turn in which
 * they began never touch a timer. An expiry costs O(number of distinct durations in use).
 *
 * Nothing armed: no deadline is set, or the turn that set the first is not over. Armed: one timer, due no later
 * than the first deadline (at most 60 s away). A turn end with no deadline left disarms, so an idle process ends.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #lists = new Map<number, DurationList>()
  #size = 0
  #earliestMs = Number.POSITIVE_INFINITY
  #armedMs = Number.POSITIVE_INFINITY
  #disarm: (() => void) | null = null
  #isReviewing = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Deadlines that are set. */
  get size(): number {
    return this.#size
  }

  /** Calls `owner.expire()` once after `durationMs`, unless `remove` comes first; gives the due monotonic time. */
  add(owner: Deadline, durationMs: number): number {
    let list = this.#lists.get(durationMs)
    if (list === undefined) {
      list = { durationMs, head: null, tail: null }
      this.#lists.set(durationMs, list)
    }
    const dueMs = this.#clock.monotonicMs() + durationMs
    const entry: Entry = { dueMs, owner, list, before: list.tail, after: null }
    if (list.tail === null) list.head = entry
    else list.tail.after = entry
    list.tail = entry
    owner.deadline = entry
    this.#size++
    if (dueMs < this.#earliestMs) this.#earliestMs = dueMs
    if (dueMs < this.#armedMs) this.#reviewAtTurnEnd()
    return dueMs
  }

  /** Does nothing when the owner has no deadline. */
  remove(owner: Deadline): void {
    const entry = owner.deadline
    if (entry === null) return
    owner.deadline = null
    const { list, before, after } = entry
    if (before === null) list.head = after
    else before.after = after
    if (after === null) list.tail = before
    else after.before = before
    // A few empty lists are kept for the next call of the same duration.
    if (list.head === null && this.#lists.size > 64) this.#lists.delete(list.durationMs)
    this.#size--
    if (this.#size === 0 && this.#disarm !== null) this.#reviewAtTurnEnd()
  }

  #reviewAtTurnEnd(): void {
    if (this.#isReviewing) return
    this.#isReviewing = true
    this.#clock.atTurnEnd(() => {
      this.#isReviewing = false
      this.#arm()
    })
  }

  #arm(): void {
    if (this.#size === 0) {
      this.#lists.clear()
      this.#earliestMs = Number.POSITIVE_INFINITY
    }
    if (this.#size > 0 && this.#armedMs <= this.#earliestMs) return
    this.#disarm?.()
    this.#disarm = null
    this.#armedMs = Number.POSITIVE_INFINITY
    if (this.#size === 0) return
    const nowMs = this.#clock.monotonicMs()
    const delayMs = Math.min(Math.max(0, Math.ceil(this.#earliestMs - nowMs)), limits.timerArmMsMax)
    this.#armedMs = nowMs + delayMs
    this.#disarm = this.#clock.after(delayMs, () => this.#fire())
  }

  #fire(): void {
    this.#disarm = null
    this.#armedMs = Number.POSITIVE_INFINITY
    const nowMs = this.#clock.monotonicMs()
    const due: Deadline[] = []
    this.#earliestMs = Number.POSITIVE_INFINITY
    for (const list of this.#lists.values()) {
      while (list.head !== null && list.head.dueMs <= nowMs) {
        due.push(list.head.owner)
        this.remove(list.head.owner)
      }
      if (list.head === null) this.#lists.delete(list.durationMs)
      else this.#earliestMs = Math.min(this.#earliestMs, list.head.dueMs)
    }
    this.#arm()
    expireAll(due)
  }
}

function expireAll(owners: readonly Deadline[]): void {
  const failures: unknown[] = []
  for (const owner of owners) {
    try {
      owner.expire()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

const shared = new WeakMap<Clock, Deadlines>()

/** The deadlines of a clock: one set for everything that runs on it. */
export function deadlinesOf(clock: Clock): Deadlines {
  let deadlines = shared.get(clock)
  if (deadlines === undefined) {
    deadlines = new Deadlines(clock)
    shared.set(clock, deadlines)
  }
  return deadlines
}
