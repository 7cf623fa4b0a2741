import type { EventLabels, EventWindow } from './event-log.ts'
import type { PatternMatch } from './pattern-stream.ts'
import { coveredMs, meet } from './time-windows.ts'

/** How well one pattern notices the incidents it is meant for. */
export interface PatternScore {
  readonly name: string
  /** The share of its matches that meet such an incident; null without matches. */
  readonly precision: number | null
  /** The share of such incidents that one of its matches meets; null without such incidents. */
  readonly recall: number | null
  /** Matches. */
  readonly n: number
}

export interface Evaluation {
  readonly patterns: readonly PatternScore[]
  /** Over all matches of all patterns. */
  readonly precision: number | null
  /** Over all incidents that a pattern is meant for, by whichever of these patterns. */
  readonly recall: number | null
  /** The share of time in which there is an incident: the precision of matches at random moments. */
  readonly chance: number
}

export interface EvaluationOptions {
  /** The kinds of incidents that each pattern is meant for, by its name. */
  readonly meantFor: ReadonlyMap<string, readonly string[]>
  /** How long after its end an incident may still be noticed. Default 5 s. */
  readonly graceMs?: number
}

/** Compares matches with what really was the matter. */
export function evaluateMatches(
  matches: readonly PatternMatch[],
  { incidents, fromMs, toMs }: EventLabels,
  { meantFor, graceMs = 5_000 }: EvaluationOptions,
): Evaluation {
  const scores = [...meantFor].map(([name, kinds]) => {
    const own = matches.filter(({ pattern }) => pattern === name)
    const meant = incidents.filter(({ kind }) => kinds.includes(kind))
    const right = own.filter((match) => meant.some((incident) => meet(match, incident, graceMs)))
    const found = meant.filter((incident) => own.some((match) => meet(match, incident, graceMs)))
    return { name, own, meant, right, found }
  })
  const matched = scores.reduce((sum, { own }) => sum + own.length, 0)
  const right = scores.reduce((sum, score) => sum + score.right.length, 0)
  const kept = incidents.map(({ t0Ms, t1Ms }) => ({ t0Ms, t1Ms: t1Ms + graceMs }))
  return {
    patterns: scores.map(({ name, own, meant, right, found }) => ({
      name,
      precision: shareOf(right.length, own.length),
      recall: shareOf(found.length, meant.length),
      n: own.length,
    })),
    precision: shareOf(right, matched),
    recall: shareOf(
      distinct(scores.map(({ found }) => found)),
      distinct(scores.map(({ meant }) => meant)),
    ),
    chance: coveredMs(kept, { t0Ms: fromMs, t1Ms: toMs }) / (toMs - fromMs),
  }
}

function distinct(lists: readonly (readonly EventWindow[])[]): number {
  return new Set(lists.flat()).size
}

function shareOf(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}
