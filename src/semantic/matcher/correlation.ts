import type { PatternMatch } from './pattern-stream.ts'
import { coveredMs, meet, type Span } from './time-windows.ts'

/** How the matches of one pattern go together with windows of anomalies. */
export interface WindowCorrelation {
  readonly pattern: string
  /** Matches. */
  readonly n: number
  /** Matches that meet a window. */
  readonly inside: number
  /** Windows that a match meets. */
  readonly windowsMet: number
  /** `inside / n`; null below the minimal support. */
  readonly share: number | null
  /**
   * `share` over what matches as long as these would have at random moments: 1 says that the two have
   * nothing to do with each other. Null below the minimal support, and where a random match always meets one.
   */
  readonly lift: number | null
}

export interface CorrelationOptions {
  /** The time in which both were looked for. */
  readonly range: Span
  /** Matches below which nothing is said. Default 5. */
  readonly supportMin?: number
  /** How long after its end a window may still be met. Default 0. */
  readonly graceMs?: number
}

/** Compares matches with windows of anomalies, pattern by pattern, in order of the patterns' first matches. */
export function correlateMatches(
  matches: readonly PatternMatch[],
  windows: readonly Span[],
  { range, supportMin = 5, graceMs = 0 }: CorrelationOptions,
): readonly WindowCorrelation[] {
  const byPattern = Map.groupBy(matches, ({ pattern }) => pattern)
  return [...byPattern].map(([pattern, own]) => {
    const inside = own.filter((match) => windows.some((window) => meet(match, window, graceMs)))
    const met = windows.filter((window) => own.some((match) => meet(match, window, graceMs)))
    const isSupported = own.length >= supportMin
    const share = isSupported ? inside.length / own.length : null
    const chance = chanceOf(own, windows, { range, graceMs })
    const lift = share === null || chance === 0 || chance === 1 ? null : share / chance
    return { pattern, n: own.length, inside: inside.length, windowsMet: met.length, share, lift }
  })
}

/** How probable it is that a match of the same lengths, moved to a random moment, meets a window. */
function chanceOf(
  matches: readonly Span[],
  windows: readonly Span[],
  { range, graceMs }: { readonly range: Span; readonly graceMs: number },
): number {
  let sum = 0
  for (const { t0Ms, t1Ms } of matches) {
    const lengthMs = t1Ms - t0Ms
    // A match that begins in one of these meets a window.
    const starts = windows.map((window) => ({
      t0Ms: window.t0Ms - lengthMs,
      t1Ms: window.t1Ms + graceMs,
    }))
    const space = { t0Ms: range.t0Ms, t1Ms: Math.max(range.t0Ms + 1, range.t1Ms - lengthMs) }
    sum += coveredMs(starts, space) / (space.t1Ms - space.t0Ms)
  }
  return matches.length === 0 ? 0 : sum / matches.length
}
