import { limits } from '../../core/limits.ts'
import type { DeclaredPattern } from './declared-pattern.ts'
import { EventTime, type Timed } from './event-time.ts'
import { type Found, type Hit, type Tracker, trackerOf } from './trackers.ts'

/** An occurrence of a pattern. */
export interface PatternMatch {
  readonly pattern: string
  readonly kind: DeclaredPattern['kind']
  /** The value of the pattern's `by` that the events share; null for a pattern without it. */
  readonly key: string | null
  /** Time of its first event. */
  readonly t0Ms: number
  /** Time of its last event; of an absence, the end of the time in which nothing came. */
  readonly t1Ms: number
  /** The events, in order of time. */
  readonly eventIds: readonly string[]
}

/** An event and the stages of patterns that it fits. */
export interface StreamEvent extends Timed {
  readonly eventId: string
  /** Per pattern, by its place in the list. */
  readonly hits: readonly {
    readonly pattern: number
    readonly key: string
    readonly stages: readonly number[]
  }[]
}

/** What became of an event. */
export type EventOutcome =
  /** It fits a pattern, and counts when the watermark is past it. */
  | { readonly kind: 'taken' }
  /** It fits no pattern; its time counts all the same. */
  | { readonly kind: 'unconcerned' }
  /** It has no time, so nobody can say what came before it. */
  | { readonly kind: 'untimed' }
  /** It waits, but is so far ahead that time must first be confirmed by other events. */
  | { readonly kind: 'ahead'; readonly byMs: number }
  | { readonly kind: 'dropped'; readonly reason: 'late'; readonly byMs: number }
  | { readonly kind: 'dropped'; readonly reason: 'repeat' }

export interface StreamCounts {
  readonly taken: number
  readonly unconcerned: number
  readonly untimed: number
  readonly late: number
  readonly repeats: number
  /** Dropped by `finish` because nothing confirmed their time. */
  readonly ahead: number
  /** Events that wait for their turn. */
  readonly waiting: number
  /** Events whose turn came too soon, because over `waitingEventsMax` events waited. */
  readonly releasedEarly: number
  /** Keys of which something is remembered, over all patterns. */
  readonly openKeys: number
  /** Keys that were forgotten for want of room. */
  readonly evictedKeys: number
}

type CountedOutcome = 'taken' | 'unconcerned' | 'untimed' | 'late' | 'repeats' | 'ahead'

export interface StreamOptions {
  readonly allowedLatenessMs: number
  readonly timeWitnesses: number
  readonly aheadMsMax: number
  /** Default `limits.patternKeysMax`. */
  readonly keysMax?: number
  /** Default `limits.waitingEventsMax`. */
  readonly waitingMax?: number
}

/**
 * Finds patterns in events that arrive in any order. Matches are given once, in order of their end, when the
 * watermark is past it; nothing is taken back. The same events give the same matches in whatever order they
 * arrive, as long as none is late and no limit is reached.
 */
export class PatternStream {
  readonly #patterns: readonly DeclaredPattern[]
  readonly #trackers: readonly Tracker[]
  readonly #time: EventTime<StreamEvent>
  readonly #aheadMsMax: number
  #passedMs = -Infinity
  readonly #counts: Record<CountedOutcome, number> = {
    taken: 0,
    unconcerned: 0,
    untimed: 0,
    late: 0,
    repeats: 0,
    ahead: 0,
  }

  constructor(patterns: readonly DeclaredPattern[], options: StreamOptions) {
    const { keysMax = limits.patternKeysMax, waitingMax = limits.waitingEventsMax } = options
    const share = Math.floor(limits.openMatchesMax / Math.max(1, patterns.length))
    this.#patterns = patterns
    this.#trackers = patterns.map((pattern) => trackerOf(pattern, Math.min(keysMax, share)))
    this.#aheadMsMax = options.aheadMsMax
    this.#time = new EventTime({ ...options, waitingMax })
  }

  /** See `EventTime.watermarkMs`. */
  get watermarkMs(): number {
    return this.#time.watermarkMs
  }

  get counts(): StreamCounts {
    return {
      ...this.#counts,
      waiting: this.#time.waiting,
      releasedEarly: this.#time.releasedEarly,
      openKeys: this.#trackers.reduce((sum, tracker) => sum + tracker.open, 0),
      evictedKeys: this.#trackers.reduce((sum, tracker) => sum + tracker.evicted, 0),
    }
  }

  /** Takes one event; null stands for one without a time. */
  take(event: StreamEvent | null): {
    readonly outcome: EventOutcome
    readonly matches: readonly PatternMatch[]
  } {
    const outcome = this.#taken(event)
    return { outcome, matches: this.#advance() }
  }

  /** Says that no event before this time is to come, when events alone do not say so for too long. */
  advanceTo(timeMs: number): readonly PatternMatch[] {
    this.#time.advanceTo(timeMs)
    return this.#advance()
  }

  /**
   * The last matches, when no event is to come. Events over `aheadMsMax` newer than what the others confirm
   * are dropped; what has not been missed for the whole of its time by then is not reported.
   */
  finish(): readonly PatternMatch[] {
    const reachedMs = this.#time.reachedMs
    if (reachedMs > -Infinity)
      this.#counts.ahead += this.#time.removeFrom(reachedMs + this.#aheadMsMax + 1).length
    return this.advanceTo(Math.max(reachedMs, this.#time.newestWaitingMs) + 1)
  }

  #taken(event: StreamEvent | null): EventOutcome {
    if (event === null) return this.#counted('untimed', { kind: 'untimed' })
    if (this.#time.isLate(event)) {
      const byMs = this.#time.watermarkMs - event.atMs
      return this.#counted('late', { kind: 'dropped', reason: 'late', byMs })
    }
    if (this.#time.isRepeat(event))
      return this.#counted('repeats', { kind: 'dropped', reason: 'repeat' })
    const byMs = event.atMs - this.#time.reachedMs
    if (event.hits.length > 0) this.#time.add(event)
    this.#time.witness(event)
    if (event.hits.length === 0) return this.#counted('unconcerned', { kind: 'unconcerned' })
    const isAhead = byMs > this.#aheadMsMax && byMs < Infinity
    return this.#counted('taken', isAhead ? { kind: 'ahead', byMs } : { kind: 'taken' })
  }

  #counted(count: CountedOutcome, outcome: EventOutcome): EventOutcome {
    this.#counts[count]++
    return outcome
  }

  #advance(): readonly PatternMatch[] {
    const { watermarkMs } = this.#time
    if (watermarkMs === this.#passedMs) return []
    this.#passedMs = watermarkMs
    const matches = this.#time.release().flatMap((event) => this.#found(event))
    for (const [index, tracker] of this.#trackers.entries())
      matches.push(...this.#matches(index, tracker.pass(watermarkMs)))
    return matches.sort(byEnd)
  }

  #found({ eventId, atMs, hits }: StreamEvent): PatternMatch[] {
    return hits.flatMap(({ pattern, key, stages }) => {
      const tracker = this.#trackers[pattern]!
      const missed = tracker.pass(atMs)
      const hit: Hit = { eventId, atMs, key, stages }
      const found = tracker.take(hit)
      return this.#matches(pattern, found === null ? missed : [...missed, found])
    })
  }

  #matches(index: number, found: readonly Found[]): PatternMatch[] {
    const pattern = this.#patterns[index]!
    const { name, kind } = pattern
    const hasKey = 'by' in pattern && pattern.by !== null
    return found.map(({ key, ...times }) => ({
      pattern: name,
      kind,
      key: hasKey ? key : null,
      ...times,
    }))
  }
}

/** Sorting keeps the order of what compares equal, which follows from the events and the order of the patterns. */
function byEnd(a: PatternMatch, b: PatternMatch): number {
  return a.t1Ms - b.t1Ms || compare(a.pattern, b.pattern) || compare(a.key ?? '', b.key ?? '')
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
