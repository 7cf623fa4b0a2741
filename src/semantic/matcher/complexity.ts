import { textsOf } from './event-text.ts'
import { conflictsOf } from './hint-conflicts.ts'
import { clausesOf, namesOf } from './text-evidence.ts'
import type { SemanticEvent } from './semantic-event.ts'

/** One reason for a score: what was counted, and what it adds. */
export interface Evidence {
  readonly name: string
  /** As it was counted or measured. */
  readonly value: number
  /** 0..1: what it would score alone. */
  readonly share: number
  /** What was found, for people; at most a few examples. */
  readonly found: readonly string[]
}

export interface Score {
  /** 0..1 */
  readonly score: number
  readonly evidence: readonly Evidence[]
}

/** What each piece of evidence scores alone when it is overwhelming. */
const weights = { targets: 0.6, names: 0.5, clauses: 0.5, conflicts: 0.6, ambiguity: 0.4 } as const
/** The count that is half of overwhelming. */
const halves = { targets: 2, names: 6, clauses: 4, conflicts: 1 } as const
const examplesMax = 5

/**
 * How much an event asks to be understood, 0..1, from what can be counted in it: agents or capabilities
 * hinted at beyond the first, things named, clauses beyond the first, hints that contradict one another, and
 * how many declared patterns its text is like. More of any never lowers the score.
 *
 * @param similarities how alike the text is to each pattern that has example texts
 */
export function semanticComplexity(
  event: Pick<SemanticEvent, 'semanticContext' | 'routingHints'>,
  similarities: Iterable<number>,
): Score {
  const { texts } = textsOf(event.semanticContext)
  const targets = distinct(event.routingHints.map((hint) => hint.trim().toLowerCase()))
  const names = namesOf(texts)
  const clauses = clausesOf(texts)
  const conflicts = conflictsOf(targets)
  return combined([
    counted('targets', Math.max(0, targets.length - 1), targets),
    counted('names', names.length, names),
    counted('clauses', Math.max(0, clauses - 1), []),
    counted('conflicts', conflicts.length, conflicts),
    ambiguity([...similarities]),
  ])
}

/** Independent reasons together: 1 − ∏(1 − share), so each adds something and none alone reaches 1. */
export function combined(evidence: readonly Evidence[]): Score {
  const rest = evidence.reduce((product, { share }) => product * (1 - share), 1)
  return { score: rounded(1 - rest), evidence }
}

/** A count as a share that rises towards `weight`: half of it at `half`. */
export function saturating(count: number, half: number, weight: number): number {
  return rounded((weight * count) / (count + half))
}

function counted(name: keyof typeof halves, value: number, found: readonly string[]): Evidence {
  const share = saturating(value, halves[name], weights[name])
  return { name, value, share, found: found.slice(0, examplesMax) }
}

/** The second likeness over the first: 1 when the text is as like one pattern as another, 0 for fewer than two. */
function ambiguity(similarities: readonly number[]): Evidence {
  const [first = 0, second = 0] = similarities.toSorted((a, b) => b - a)
  const value = first <= 0 ? 0 : rounded(Math.max(0, second) / first)
  return { name: 'ambiguity', value, share: rounded(weights.ambiguity * value), found: [] }
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values.filter((value) => value !== ''))]
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000
}
