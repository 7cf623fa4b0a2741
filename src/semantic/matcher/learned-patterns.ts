import type { CloudEvent } from '../../core/contracts/events.ts'
import { formatDuration } from '../../core/duration.ts'
import { OrchestrationError } from '../../core/errors.ts'
import {
  type DeclaredPattern,
  type EventFilter,
  isField,
  readPatterns,
} from './declared-pattern.ts'
import { fieldOf, type PatternEvent, patternEventOf } from './pattern-event.ts'
import { frequentSequences, countItems, type SequenceItem } from './prefix-span.ts'
import { type Span, union } from './time-windows.ts'

export interface LearnOptions {
  /** The patterns are named this, with `-1`, `-2` and so on. */
  readonly name: string
  /** The time in which the log was recorded. */
  readonly range: Span
  /** Time from the first event of a sequence to its last at most. */
  readonly withinMs: number
  /** Fields whose values tell events of one type apart, such as `subject`. Default none. */
  readonly fields?: readonly string[]
  /** How long before a window its events begin. Default 0. */
  readonly leadMs?: number
  /** Windows that must have a sequence. Default 3. */
  readonly supportMin?: number
  /** Support over support and occurrences outside of windows, at least. Default 0.8. */
  readonly confidenceMin?: number
  /**
   * How much more frequent in windows than elsewhere an event must be to be looked at. Default 2: heartbeats
   * and the like are left out, which go together with everything.
   */
  readonly itemLiftMin?: number
  /** Events in a sequence at most. Default 4. */
  readonly lengthMax?: number
  /** Patterns at most, the most confident first. Default 3. */
  readonly patternsMax?: number
  /** Goes into every pattern. */
  readonly metadata?: DeclaredPattern['metadata']
}

export interface Learned {
  readonly patterns: readonly DeclaredPattern[]
  /** False when there were more frequent sequences than the search looks at. */
  readonly isComplete: boolean
}

interface Candidate {
  readonly items: readonly string[]
  readonly support: number
  readonly elsewhere: number
  readonly confidence: number
}

/** Frequent sequences that one search looks at. */
const foundMax = 20_000

/**
 * Learns sequences that go together with windows of a past log: incidents, or anomalies of the TDA feed.
 * What is frequent in the windows is counted in the rest of the time, too. What comes out are declared
 * patterns whose `provenance` says on how much they rest: `support` of `windows` have the sequence, it occurs
 * `elsewhere` times, and `confidence` is support / (support + elsewhere). A sequence that has a better one in
 * it, or is in one, is left out.
 *
 * @throws InputError for a name that is none of a pattern, a field that is none, or `withinMs` below 1
 */
export function learnPatterns(
  log: readonly CloudEvent[],
  windows: readonly Span[],
  options: LearnOptions,
): Learned {
  const { withinMs, lengthMax = 4, supportMin = 3, confidenceMin = 0.8, leadMs = 0 } = options
  checkOptions(options)
  const { items: all, filters } = itemsOf(log, options.fields ?? [])
  const spans = windows.map(({ t0Ms, t1Ms }) => ({ t0Ms: t0Ms - leadMs, t1Ms }))
  const gaps = between(spans, options.range)
  const items = telling(all, { windows: union(spans), gaps, liftMin: options.itemLiftMin ?? 2 })
  const inWindows = spans.map((span) => within(items, span))
  const background = gaps.map((span) => within(items, span))
  const search = { supportMin, lengthMax, withinMs, foundMax }
  const { found, isComplete } = frequentSequences(inWindows, search)
  const candidates = found
    .filter(({ items }) => items.length > 1)
    .map(({ items, supporters }) => {
      const support = supporters.length
      const counts = background.map((stretch) => countItems(stretch, items, withinMs))
      const elsewhere = counts.reduce((sum, count) => sum + count, 0)
      return { items, support, elsewhere, confidence: support / (support + elsewhere) }
    })
    .filter(({ confidence }) => confidence >= confidenceMin)
  const data = best(candidates, options.patternsMax ?? 3).map((candidate, index) => ({
    name: `${options.name}-${index + 1}`,
    kind: 'sequence',
    events: candidate.items.map((item) => filters.get(item)!),
    within: formatDuration(withinMs),
    metadata: options.metadata ?? {},
    provenance: {
      learnedBy: 'PrefixSpan',
      support: candidate.support,
      windows: spans.length,
      elsewhere: candidate.elsewhere,
      confidence: Math.round(candidate.confidence * 10_000) / 10_000,
    },
  }))
  return { patterns: readPatterns(data), isComplete }
}

function checkOptions({ withinMs, fields = [] }: LearnOptions): void {
  if (!Number.isInteger(withinMs) || withinMs < 1) {
    throw new OrchestrationError('InputError', `withinMs is ${withinMs}, not 1 or more`, {
      hint: 'say in how many whole milliseconds the events of a sequence follow one another',
    })
  }
  const strange = fields.find((field) => !isField(field))
  if (strange === undefined) return
  throw new OrchestrationError('InputError', `'${strange}' is no field of an event`, {
    hint: 'a field is id, source, type, subject, or a path such as data.order.state',
  })
}

/** The events of a log by what tells them apart, in order of time, and the filter for each. */
function itemsOf(
  log: readonly CloudEvent[],
  fields: readonly string[],
): { readonly items: readonly SequenceItem[]; readonly filters: ReadonlyMap<string, EventFilter> } {
  const filters = new Map<string, EventFilter>()
  const items = log.flatMap((cloudEvent) => {
    const event = patternEventOf(cloudEvent)
    // A type with a star would be read as the beginning of types.
    if (event.atMs === null || event.type.includes('*')) return []
    const filter = filterOf(event, fields)
    const item = JSON.stringify([filter.type, filter.where])
    filters.set(item, filter)
    return [{ item, atMs: event.atMs, identity: JSON.stringify([event.source, event.id]) }]
  })
  items.sort((a, b) => a.atMs - b.atMs || (a.identity < b.identity ? -1 : 1))
  return { items, filters }
}

function filterOf(event: PatternEvent, fields: readonly string[]): EventFilter {
  const where: EventFilter['where'] = {}
  for (const field of fields) {
    const value = fieldOf(event, field)
    if (value === undefined || value === null) where[field] = { exists: false }
    else if (typeof value !== 'object') where[field] = value
  }
  return { type: event.type, where, like: null }
}

/** Leaves out the items that are not so much more frequent in windows than in the gaps between them. */
function telling(
  items: readonly SequenceItem[],
  {
    windows,
    gaps,
    liftMin,
  }: {
    readonly windows: readonly Span[]
    readonly gaps: readonly Span[]
    readonly liftMin: number
  },
): readonly SequenceItem[] {
  const ratesIn = (spans: readonly Span[]): ReadonlyMap<string, number> => {
    const lengthMs = spans.reduce((sum, { t0Ms, t1Ms }) => sum + t1Ms - t0Ms + 1, 0)
    const inside = spans.flatMap((span) => within(items, span))
    const counts = Map.groupBy(inside, ({ item }) => item)
    return new Map([...counts].map(([item, list]) => [item, list.length / lengthMs]))
  }
  const inWindows = ratesIn(windows)
  const elsewhere = ratesIn(gaps)
  return items.filter(
    ({ item }) => (inWindows.get(item) ?? 0) >= liftMin * (elsewhere.get(item) ?? 0),
  )
}

function within(items: readonly SequenceItem[], { t0Ms, t1Ms }: Span): readonly SequenceItem[] {
  return items.filter(({ atMs }) => atMs >= t0Ms && atMs <= t1Ms)
}

/** The time outside of all windows. */
function between(windows: readonly Span[], range: Span): readonly Span[] {
  const borders = [...union(windows), { t0Ms: range.t1Ms + 1, t1Ms: range.t1Ms }]
  const gaps: Span[] = []
  let fromMs = range.t0Ms
  for (const { t0Ms, t1Ms } of borders) {
    if (fromMs < t0Ms) gaps.push({ t0Ms: fromMs, t1Ms: t0Ms - 1 })
    fromMs = Math.max(fromMs, t1Ms + 1)
  }
  return gaps
}

/** The most confident, then the best supported, then the shortest ones that have no other of them inside. */
function best(candidates: readonly Candidate[], max: number): readonly Candidate[] {
  const kept: Candidate[] = []
  for (const candidate of candidates.toSorted(byRank)) {
    const isKin = (other: Candidate): boolean =>
      contains(candidate.items, other.items) || contains(other.items, candidate.items)
    if (kept.length < max && !kept.some(isKin)) kept.push(candidate)
  }
  return kept
}

function byRank(a: Candidate, b: Candidate): number {
  return (
    b.confidence - a.confidence ||
    b.support - a.support ||
    a.items.length - b.items.length ||
    (a.items.join() < b.items.join() ? -1 : 1)
  )
}

/** Whether the items of `part` are in `whole`, in their order. */
function contains(whole: readonly string[], part: readonly string[]): boolean {
  let at = 0
  for (const item of whole) if (item === part[at]) at++
  return at === part.length
}
