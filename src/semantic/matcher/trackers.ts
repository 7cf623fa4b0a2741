import { assertNever } from '../../core/assert.ts'
import { type DeclaredPattern, withinMsOf } from './declared-pattern.ts'
import { KeyedStore } from './keyed-store.ts'

/** An event, as far as it concerns one pattern. */
export interface Hit {
  readonly eventId: string
  readonly atMs: number
  readonly key: string
  /** The stages that the event fits, ascending. */
  readonly stages: readonly number[]
}

/** When a pattern was found: from its first to its last event, or to the end of the time in which one is missed. */
export interface Found {
  readonly key: string
  readonly t0Ms: number
  readonly t1Ms: number
  readonly eventIds: readonly string[]
}

/** Follows one pattern through hits in order of time. What is found is used up: its key starts anew. */
export interface Tracker {
  take(hit: Hit): Found | null
  /** No hit before this time is to come: gives what was missed, and forgets what can no longer be found. */
  pass(beforeMs: number): readonly Found[]
  /** Keys of which something is remembered. */
  readonly open: number
  /** Keys that were forgotten for want of room. */
  readonly evicted: number
}

export function trackerOf(pattern: DeclaredPattern, keysMax: number): Tracker {
  switch (pattern.kind) {
    case 'basic':
      return new BasicTracker()
    case 'sequence':
      return new SequenceTracker(pattern.events.length, withinMsOf(pattern), keysMax)
    case 'repetition':
      return new RepetitionTracker(pattern.atLeast, withinMsOf(pattern), keysMax)
    case 'absence':
      return new AbsenceTracker(withinMsOf(pattern), keysMax)
    default:
      return assertNever(pattern)
  }
}

class BasicTracker implements Tracker {
  readonly open = 0
  readonly evicted = 0

  take({ eventId, atMs, key }: Hit): Found {
    return { key, t0Ms: atMs, t1Ms: atMs, eventIds: [eventId] }
  }

  pass(): readonly Found[] {
    return []
  }
}

abstract class KeyedTracker<T> implements Tracker {
  protected readonly withinMs: number
  protected readonly byKey: KeyedStore<T>

  constructor(withinMs: number, keysMax: number) {
    this.withinMs = withinMs
    this.byKey = new KeyedStore(keysMax)
  }

  get open(): number {
    return this.byKey.size
  }

  get evicted(): number {
    return this.byKey.evicted
  }

  abstract take(hit: Hit): Found | null

  pass(beforeMs: number): readonly Found[] {
    this.byKey.takeBefore(beforeMs - this.withinMs)
    return []
  }
}

interface Prefix {
  readonly t0Ms: number
  readonly eventIds: readonly string[]
}

/**
 * Per key and stage, the prefix that began last: if any occurrence ends at an event, one that continues these
 * does too, so nothing is missed and a key costs one prefix a stage.
 */
class SequenceTracker extends KeyedTracker<readonly (Prefix | undefined)[]> {
  readonly #lastStage: number

  constructor(stages: number, withinMs: number, keysMax: number) {
    super(withinMs, keysMax)
    this.#lastStage = stages - 1
  }

  take({ key, atMs, eventId, stages }: Hit): Found | null {
    const prefixes = [...(this.byKey.get(key) ?? [])]
    // Last stage first, so that no event counts for two stages.
    for (const stage of stages.toReversed()) {
      const next = this.#extended(prefixes[stage - 1], stage, { atMs, eventId })
      if (next === null) continue
      if (stage === this.#lastStage) {
        this.byKey.delete(key)
        return { key, t0Ms: next.t0Ms, t1Ms: atMs, eventIds: next.eventIds }
      }
      if ((prefixes[stage]?.t0Ms ?? -Infinity) <= next.t0Ms) prefixes[stage] = next
    }
    if (prefixes.length > 0) this.byKey.put(key, prefixes, atMs)
    return null
  }

  #extended(
    prefix: Prefix | undefined,
    stage: number,
    { atMs, eventId }: { readonly atMs: number; readonly eventId: string },
  ): Prefix | null {
    if (stage === 0) return { t0Ms: atMs, eventIds: [eventId] }
    if (prefix === undefined || atMs - prefix.t0Ms > this.withinMs) return null
    return { t0Ms: prefix.t0Ms, eventIds: [...prefix.eventIds, eventId] }
  }
}

class RepetitionTracker extends KeyedTracker<readonly Pick<Hit, 'atMs' | 'eventId'>[]> {
  readonly #atLeast: number

  constructor(atLeast: number, withinMs: number, keysMax: number) {
    super(withinMs, keysMax)
    this.#atLeast = atLeast
  }

  take({ key, atMs, eventId }: Hit): Found | null {
    const before = this.byKey.get(key) ?? []
    const within = before.filter((hit) => atMs - hit.atMs <= this.withinMs)
    const hits = [...within, { atMs, eventId }]
    if (hits.length < this.#atLeast) {
      this.byKey.put(key, hits, atMs)
      return null
    }
    this.byKey.delete(key)
    return { key, t0Ms: hits[0]!.atMs, t1Ms: atMs, eventIds: hits.map((hit) => hit.eventId) }
  }
}

/** Per key, the oldest event that waits for what must follow it; what follows ends the wait of all of them. */
class AbsenceTracker extends KeyedTracker<Pick<Hit, 'atMs' | 'eventId'>> {
  take({ key, atMs, eventId, stages }: Hit): Found | null {
    if (stages.includes(1)) this.byKey.delete(key)
    // An event may end one wait and begin the next, as a heartbeat does.
    const isWaiting = this.byKey.get(key) !== undefined
    if (stages.includes(0) && !isWaiting) this.byKey.put(key, { atMs, eventId }, atMs)
    return null
  }

  override pass(beforeMs: number): readonly Found[] {
    return this.byKey.takeBefore(beforeMs - this.withinMs).map(([key, { atMs, eventId }]) => ({
      key,
      t0Ms: atMs,
      t1Ms: atMs + this.withinMs,
      eventIds: [eventId],
    }))
  }
}
