import type { TdaContext } from '../../core/contracts/tda.ts'
import { isJsonObject, type JsonValue } from '../../core/json.ts'
import { type Evidence, saturating } from './complexity.ts'
import type { PatternMatch } from './pattern-stream.ts'

export type Coordination = 'consensus' | 'hierarchical' | 'pipeline'

/** How an event is to be coordinated: consensus when it is required, else by its complexity. */
export function coordinationOf(
  {
    requiresConsensus,
    complexityScore,
  }: { readonly requiresConsensus: boolean; readonly complexityScore: number },
  hierarchicalAbove: number,
): Coordination {
  if (requiresConsensus) return 'consensus'
  return complexityScore > hierarchicalAbove ? 'hierarchical' : 'pipeline'
}

/** What an anomaly of severity 1 takes away of what is missing to full urgency. */
const severityGain = 0.5

/**
 * Urgency of an event in the light of what the TDA feed sees, 0..1: 1 − (1 − urgency)(1 − severity / 2).
 * Never below `urgencyScore`, never falling when either of them rises.
 */
export function amplifiedUrgency(urgencyScore: number, anomalySeverity: number): number {
  const urgency = unit(urgencyScore)
  // Each operation is monotone in floating point too; `max` takes back a last bit that rounding lost.
  return Math.max(urgency, 1 - (1 - urgency) * (1 - severityGain * unit(anomalySeverity)))
}

/** How much what the TDA feed and the patterns see widens an event: sources in trouble, and patterns found. */
export function surroundings(
  context: TdaContext,
  matches: readonly Pick<PatternMatch, 'pattern' | 'kind'>[],
): readonly Evidence[] {
  const sources = [...new Set(windowsOf(context).map(({ source }) => source))]
  const patterns = [
    ...new Set(matches.filter(({ kind }) => kind !== 'basic').map(({ pattern }) => pattern)),
  ]
  const others = Math.max(0, sources.length - 1)
  return [
    {
      name: 'sources',
      value: sources.length,
      share: saturating(others, 2, 0.5) * unit(context.anomalySeverity),
      found: sources.slice(0, 5),
    },
    {
      name: 'patterns',
      value: patterns.length,
      share: saturating(patterns.length, 2, 0.4),
      found: patterns.slice(0, 5),
    },
  ]
}

/** The part of an anomaly that pattern matching looks at. */
interface Window {
  readonly source: string
  readonly t0Ms: number
  readonly t1Ms: number
  readonly severity: number
  readonly correlationId: string | null
}

/**
 * How sure it is that the TDA feed and the patterns see the same thing, 0..1: the feed's own
 * `patternConfidence`, or what anomalies in force say, whichever is more. An anomaly says its severity times the share of
 * a match that lies in its window, and its whole severity for an event that names its correlation id.
 */
export function tdaPatternMatch(
  context: TdaContext,
  correlation: string | null,
  matches: readonly Pick<PatternMatch, 't0Ms' | 't1Ms'>[],
): number {
  if (!context.available) return 0
  let best = unit(context.patternConfidence)
  for (const window of windowsOf(context)) {
    const isNamed = correlation !== null && window.correlationId === correlation
    const share = isNamed ? 1 : Math.max(0, ...matches.map((match) => shareInside(match, window)))
    best = Math.max(best, unit(window.severity) * share)
  }
  return best
}

/** The share of `match` that lies in `window`: 1 or 0 for a match that is one moment. */
function shareInside(
  match: { readonly t0Ms: number; readonly t1Ms: number },
  window: { readonly t0Ms: number; readonly t1Ms: number },
): number {
  const fromMs = Math.max(match.t0Ms, window.t0Ms)
  const toMs = Math.min(match.t1Ms, window.t1Ms)
  if (toMs < fromMs) return 0
  return match.t1Ms === match.t0Ms ? 1 : (toMs - fromMs) / (match.t1Ms - match.t0Ms)
}

/** The anomalies of a context that say where and when; a feed may send others. */
function windowsOf(context: TdaContext): readonly Window[] {
  return context.anomalies.flatMap((anomaly: JsonValue) => {
    if (!isJsonObject(anomaly)) return []
    const { source, t0Ms, t1Ms, severity, correlationId = null } = anomaly
    if (typeof source !== 'string' || typeof severity !== 'number') return []
    if (typeof t0Ms !== 'number' || typeof t1Ms !== 'number') return []
    const id = typeof correlationId === 'string' ? correlationId : null
    return [{ source, t0Ms, t1Ms, severity, correlationId: id }]
  })
}

/** A score of a feed that may be out of range, brought into 0..1. */
function unit(score: number): number {
  return Math.min(1, Math.max(0, Number.isNaN(score) ? 0 : score))
}
