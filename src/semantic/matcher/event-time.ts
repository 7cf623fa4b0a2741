/** Something that happened at a time, in whole milliseconds, and has a name of its own. */
export interface Timed {
  readonly atMs: number
  /** Source and id. */
  readonly identity: string
}

export interface EventTimeOptions {
  /** How much later than newer events an event may arrive and still be put in its place. */
  readonly allowedLatenessMs: number
  /** Events that must be as new before time is taken to have come so far. */
  readonly timeWitnesses: number
  /** Events that may wait. */
  readonly waitingMax: number
}

/**
 * Puts events in order of time. The watermark says up to where the past is complete: the time that
 * `timeWitnesses` events have reached, minus `allowedLatenessMs`. An event waits until the watermark is
 * past it; one that arrives when the watermark is past it already is late. So one event from the far future moves
 * nothing. Of the same millisecond, source and id decide. Watermarks: Akidau et al., "The Dataflow Model", VLDB 2015.
 */
export class EventTime<T extends Timed> {
  readonly #options: EventTimeOptions
  /** Ascending. */
  #waiting: T[] = []
  readonly #identities = new Set<string>()
  /** The newest events, newest first. */
  #newest: Timed[] = []
  #watermarkMs = -Infinity
  #releasedEarly = 0

  constructor(options: EventTimeOptions) {
    this.#options = options
  }

  /** No event before this time is to come, or it is late. */
  get watermarkMs(): number {
    return this.#watermarkMs
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Events that could not wait to the end because too many did. */
  get releasedEarly(): number {
    return this.#releasedEarly
  }

  /** The time that enough events have reached; −Infinity until there are so many. */
  get reachedMs(): number {
    return this.#newest[this.#options.timeWitnesses - 1]?.atMs ?? -Infinity
  }

  isLate({ atMs }: Timed): boolean {
    return atMs < this.#watermarkMs
  }

  /** Whether the same event waits already. */
  isRepeat({ identity }: Timed): boolean {
    return this.#identities.has(identity)
  }

  /** Lets an event that is neither late nor a repeat wait for its turn. */
  add(event: T): void {
    this.#waiting.splice(this.#placeOf(event), 0, event)
    this.#identities.add(event.identity)
    if (this.#waiting.length <= this.#options.waitingMax) return
    this.#releasedEarly++
    this.advanceTo(this.#waiting[0]!.atMs + 1)
  }

  /** Lets an event tell how far time has come. */
  witness({ atMs, identity }: Timed): void {
    const { timeWitnesses, allowedLatenessMs } = this.#options
    if (this.#newest.some((event) => event.identity === identity)) return
    const at = this.#newest.findIndex((event) => event.atMs < atMs)
    this.#newest.splice(at < 0 ? this.#newest.length : at, 0, { atMs, identity })
    this.#newest = this.#newest.slice(0, timeWitnesses)
    this.advanceTo(this.reachedMs - allowedLatenessMs)
  }

  /** Says that no event before this time is to come. Time never goes back. */
  advanceTo(timeMs: number): void {
    this.#watermarkMs = Math.max(this.#watermarkMs, timeMs)
  }

  /** Takes the events out that the watermark is past, in order. */
  release(): readonly T[] {
    const end = this.#waiting.findIndex(({ atMs }) => atMs >= this.#watermarkMs)
    const released = this.#waiting.splice(0, end < 0 ? this.#waiting.length : end)
    for (const { identity } of released) this.#identities.delete(identity)
    return released
  }

  /** Takes out everything from this time on, however it may be ordered with what is to come. */
  removeFrom(timeMs: number): readonly T[] {
    const start = this.#waiting.findIndex(({ atMs }) => atMs >= timeMs)
    const removed = start < 0 ? [] : this.#waiting.splice(start)
    for (const { identity } of removed) this.#identities.delete(identity)
    return removed
  }

  /** The time of the newest event that waits; −Infinity for none. */
  get newestWaitingMs(): number {
    return this.#waiting.at(-1)?.atMs ?? -Infinity
  }

  #placeOf(event: T): number {
    let low = 0
    let high = this.#waiting.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isBefore(this.#waiting[middle]!, event)) low = middle + 1
      else high = middle
    }
    return low
  }
}

function isBefore(a: Timed, b: Timed): boolean {
  return a.atMs === b.atMs ? a.identity < b.identity : a.atMs < b.atMs
}
