import { assertNever } from '../../core/assert.ts'
import type { PatternSpec } from '../../core/contracts/pattern.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { stripDelimiters } from '../expression/delimiters.ts'
import type { ParsedPatternOptions } from './schema-patterns.ts'

/** Rounds of work of a hierarchy where the step does not say it. */
const defaultRoundsMax = 3

/** A pattern with every option that it reads filled in. `options` were checked before. */
export function normalizePattern(
  named: Pick<PatternSpec, 'pattern' | 'agents' | 'action'>,
  options: ParsedPatternOptions,
): PatternSpec {
  const { pattern, agents, action } = named
  return { pattern, agents, action, options: optionsOf(named, options) }
}

function optionsOf(
  { pattern, agents, action }: Pick<PatternSpec, 'pattern' | 'agents' | 'action'>,
  options: ParsedPatternOptions,
): JsonObject {
  const deadline = options.deadline ?? null
  switch (pattern) {
    case 'pipeline': {
      const joints = (options.joints ?? []).map((joint) =>
        joint === null
          ? null
          : { ...(joint as { map?: JsonValue }), schema: (joint.schema ?? null) as JsonValue },
      )
      return { joints, stopWhen: expressionOf(options.stopWhen), deadline }
    }
    case 'fanOut': {
      const strategy = options.strategy ?? 'all'
      const quorum = strategy === 'quorum' ? (options.quorum ?? majorityOf(agents)) : 1
      const isEnough = strategy === 'quorum' || strategy === 'first'
      const failuresMax = options.failuresMax ?? (isEnough ? agents.length - quorum : 0)
      const reduce = options.reduce ?? null
      return { strategy, quorum, failuresMax, score: expressionOf(options.score), reduce, deadline }
    }
    case 'consensus': {
      const strategy = options.strategy ?? 'majority'
      return {
        field: options.field ?? 'choice',
        strategy,
        choices: (options.choices ?? null) as JsonValue,
        weights: options.weights ?? {},
        quorum: options.quorum ?? (strategy === 'quorum' ? majorityOf(agents) : 1),
        confidenceMin: options.confidenceMin ?? 0,
        invalid: options.invalid ?? 'abstain',
        veto: options.veto ?? [],
        tieBreak: options.tieBreak ?? 'fail',
        deadline,
      }
    }
    case 'hierarchical': {
      const { plan = action, work = action, review = action } = options.actions ?? {}
      const roundsMax = options.roundsMax ?? defaultRoundsMax
      return { actions: { plan, work, review }, roundsMax, teams: options.teams ?? {}, deadline }
    }
    default:
      return assertNever(pattern, 'pattern')
  }
}

function majorityOf(agents: readonly string[]): number {
  return Math.floor(agents.length / 2) + 1
}

function expressionOf(source: string | undefined): string | null {
  return source === undefined ? null : stripDelimiters(source).text.trim()
}
