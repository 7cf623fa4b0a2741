/** One thing of a sequence, at its time. */
export interface SequenceItem {
  readonly item: string
  readonly atMs: number
}

/** A sequence of items that many sequences have in it, others in between. */
export interface FrequentSequence {
  readonly items: readonly string[]
  /** The sequences that have it, by their place. */
  readonly supporters: readonly number[]
}

export interface PrefixSpanOptions {
  /** Sequences that must have it. */
  readonly supportMin: number
  /** Items in it at most. */
  readonly lengthMax: number
  /** Time from its first item to its last at most. */
  readonly withinMs: number
  /** Frequent sequences after which the search ends. */
  readonly foundMax: number
}

/** Where a prefix ends in one sequence, for each end the latest time at which it may have begun. */
type Ends = ReadonlyMap<number, number>
type Projection = ReadonlyMap<number, Ends>

/**
 * Finds every frequent sequence by PrefixSpan (Pei et al., "PrefixSpan: Mining Sequential Patterns
 * Efficiently by Prefix-Projected Pattern Growth", ICDE 2001): a prefix grows by the items that are frequent
 * in what follows it. Projections are positions, not copies; for the limit of time they keep the latest beginning
 * of each end. Shorter ones first within a prefix, items in alphabetical order.
 *
 * @param sequences each in order of time
 * @returns `isComplete: false` when there are more than `foundMax`
 */
export function frequentSequences(
  sequences: readonly (readonly SequenceItem[])[],
  options: PrefixSpanOptions,
): { readonly found: readonly FrequentSequence[]; readonly isComplete: boolean } {
  const found: FrequentSequence[] = []
  let isComplete = true
  const grow = (items: readonly string[], projection: Projection | null): void => {
    if (items.length === options.lengthMax) return
    for (const [item, next] of extensions(sequences, projection, options.withinMs)) {
      if (next.size < options.supportMin) continue
      if (found.length === options.foundMax) isComplete = false
      if (!isComplete) return
      const longer = [...items, item]
      found.push({ items: longer, supporters: [...next.keys()] })
      grow(longer, next)
    }
  }
  grow([], null)
  return { found, isComplete }
}

/** The projections of a prefix made longer by each item that follows it; null is the empty prefix. */
function extensions(
  sequences: readonly (readonly SequenceItem[])[],
  projection: Projection | null,
  withinMs: number,
): readonly (readonly [string, Projection])[] {
  const byItem = new Map<string, Map<number, Map<number, number>>>()
  for (const [index, sequence] of sequences.entries()) {
    const ends = projection?.get(index)
    if (projection !== null && ends === undefined) continue
    for (const [at, { item, atMs }] of sequence.entries()) {
      const beganMs = ends === undefined ? atMs : latestBeginning(ends, at, atMs - withinMs)
      if (beganMs === null) continue
      const next = entryOf(byItem, item, () => new Map<number, Map<number, number>>())
      entryOf(next, index, () => new Map<number, number>()).set(at, beganMs)
    }
  }
  return [...byItem].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** The latest beginning, not before `fromMs`, of a prefix that ends before a position; null if there is none. */
function latestBeginning(ends: Ends, before: number, fromMs: number): number | null {
  let latest: number | null = null
  for (const [end, beganMs] of ends)
    if (end < before && beganMs >= fromMs && beganMs > (latest ?? -Infinity)) latest = beganMs
  return latest
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}

/** How often a sequence has the items in it, in this order and within the time; what is found is used up. */
export function countItems(
  sequence: readonly SequenceItem[],
  items: readonly string[],
  withinMs: number,
): number {
  let count = 0
  /** For each length of prefix, the latest time at which one that is complete began. */
  const beganMs = new Array<number>(items.length).fill(-Infinity)
  for (const { item, atMs } of sequence) {
    // Longest first, so that no event counts twice.
    for (let at = items.length - 1; at >= 0; at--) {
      if (items[at] !== item) continue
      const fromMs = at === 0 ? atMs : beganMs[at - 1]!
      if (atMs - fromMs <= withinMs) beganMs[at] = Math.max(beganMs[at]!, fromMs)
    }
    if (beganMs[items.length - 1] === -Infinity) continue
    count++
    beganMs.fill(-Infinity)
  }
  return count
}
