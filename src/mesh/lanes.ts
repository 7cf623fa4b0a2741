/** What may have to wait for another one with the same key. */
interface Keyed {
  /** Null: in no order. */
  readonly key: string | null
}

/** Keeps things with the same key in order: one of them is out at a time, the others wait behind it. */
export class Lanes<T extends Keyed> {
  readonly #lanes = new Map<string, { out: T; readonly waiting: T[] }>()

  /** Whether it may go on now; else it waits until `leave` gives it. */
  enter(one: T): boolean {
    if (one.key === null) return true
    const lane = this.#lanes.get(one.key)
    if (lane === undefined) {
      this.#lanes.set(one.key, { out: one, waiting: [] })
      return true
    }
    lane.waiting.push(one)
    return false
  }

  /** It is done with, or waits no longer. @returns the next of its key that is out now; null for none */
  leave(one: T): T | null {
    const lane = one.key === null ? undefined : this.#lanes.get(one.key)
    if (lane === undefined || one.key === null) return null
    if (lane.out !== one) {
      const place = lane.waiting.indexOf(one)
      if (place >= 0) lane.waiting.splice(place, 1)
      return null
    }
    const next = lane.waiting.shift()
    if (next === undefined) this.#lanes.delete(one.key)
    else lane.out = next
    return next ?? null
  }

  /** Takes out everything that waits; what is out stays. */
  takeWaiting(): readonly T[] {
    const taken: T[] = []
    for (const { waiting } of this.#lanes.values()) taken.push(...waiting.splice(0))
    return taken
  }
}
