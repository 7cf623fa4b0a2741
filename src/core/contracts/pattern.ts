import type { ErrorJson } from '../errors.ts'
import type { JsonObject, JsonValue } from '../json.ts'

/** The coordination patterns that a step may name. */
export const patternNames = ['pipeline', 'fanOut', 'consensus', 'hierarchical'] as const

export type PatternName = (typeof patternNames)[number]

/** A pattern as a document says it: plain JSON, every default filled in. */
export interface PatternSpec {
  readonly pattern: PatternName
  readonly agents: readonly string[]
  readonly action: string
  readonly options: JsonObject
}

/** A call of an agent that a pattern wants made. */
export interface WantedCall {
  readonly agent: string
  readonly action: string
  readonly input: JsonValue
  /** What the pattern is to know of the call when it decides again. */
  readonly note: JsonValue
}

/** A call that a pattern has had made, and what became of it. */
export interface PatternCall extends Pick<WantedCall, 'agent' | 'action' | 'note'> {
  readonly status: 'open' | 'completed' | 'failed'
  /** Null until it is completed. */
  readonly output: JsonValue
  /** Null unless it has failed for good. */
  readonly error: ErrorJson | null
}

/** All that a pattern decides from: what it was given, and its calls in the order in which it wanted them. */
export interface PatternFacts {
  readonly input: JsonValue
  readonly calls: readonly PatternCall[]
  /** Its deadline is over. */
  readonly isOverdue: boolean
  /** What expressions of its options may read beside what the pattern itself shows them. */
  readonly scope: object
}

/** What a pattern does next. `call` without calls waits for those that are open. */
export type PatternDecision =
  | { readonly kind: 'call'; readonly calls: readonly WantedCall[] }
  | { readonly kind: 'completed'; readonly output: JsonValue }
  | { readonly kind: 'failed'; readonly error: ErrorJson }

/**
 * Decides for every pattern that a document may name. Pure: the same facts give the same decision, so whoever
 * records the facts and each decision may be stopped at any point and go on from there.
 */
export interface PatternRunner {
  /** @throws ExpressionError, ExpressionLimitError from expressions of the options */
  decide(spec: PatternSpec, facts: PatternFacts): PatternDecision
}
