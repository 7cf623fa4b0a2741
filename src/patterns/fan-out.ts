import { assertNever } from '../core/assert.ts'
import type { PatternCall, PatternDecision, PatternFacts } from '../core/contracts/pattern.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts'
import {
  ask,
  complete,
  fail,
  failOverdue,
  failWith,
  labelOf,
  shownError,
  wait,
} from './decision.ts'

/**
 * What is made of the outputs. `all`: their list. `first`: the first. `quorum`: the list of the first so many.
 * `best`: the one with the highest score. `merge`: one object of all, later agents win. `reduce`: what
 * another agent makes of the results.
 */
export type FanOutStrategy = 'all' | 'first' | 'quorum' | 'best' | 'merge' | 'reduce'

export interface FanOutConfig {
  readonly agents: readonly string[]
  readonly action: string
  readonly strategy: FanOutStrategy
  /** How many successes are enough; 1 for `first`, of use with `quorum`. */
  readonly quorum: number
  /** How many agents may fail, or be late, without the pattern failing. */
  readonly failuresMax: number
  /** The score of an output; of use with `best`. */
  readonly score: ((output: JsonValue, scope: object) => number) | null
  /** Called with `{ input, results }`; of use with `reduce`. */
  readonly reduce: { readonly agent: string; readonly action: string } | null
}

/** Every agent at once on the same input. Gives `{ results: [{ agent, status, output, error }], output }`. */
export function decideFanOut(config: FanOutConfig, facts: PatternFacts): PatternDecision {
  const { agents, action, strategy } = config
  const { calls, input } = facts
  if (calls.length === 0)
    return ask(...agents.map((agent) => ({ agent, action, input, note: null })))
  const asked = calls.slice(0, agents.length)
  const results = asked.map(resultOf)
  const reduced = calls[agents.length]
  if (reduced !== undefined) return decideReduced(reduced, results)
  const completed = asked.filter(({ status }) => status === 'completed')
  const outputs = completed.map(({ output }) => output)
  if (strategy === 'first' && outputs.length > 0)
    return complete({ results, output: outputs[0] as JsonValue })
  if (strategy === 'quorum' && outputs.length >= config.quorum)
    return complete({ results, output: outputs.slice(0, config.quorum) })
  const failed = asked.filter(({ status }) => status === 'failed')
  if (failed.length > config.failuresMax) return failTogether(config, failed, results)
  const openCount = asked.length - completed.length - failed.length
  if (openCount > 0 && !facts.isOverdue) return wait
  if (failed.length + openCount > config.failuresMax)
    return failOverdue(`${openCount} of ${agents.length} agents had not answered`)
  return combine({ config, facts, completed, results })
}

interface Answered {
  readonly config: FanOutConfig
  readonly facts: PatternFacts
  readonly completed: readonly PatternCall[]
  readonly results: readonly JsonObject[]
}

function combine({ config, facts, completed, results }: Answered): PatternDecision {
  const outputs = completed.map(({ output }) => output)
  switch (config.strategy) {
    case 'all':
      return complete({ results, output: outputs })
    case 'best':
      return complete({ results, output: bestOf(config, outputs, facts.scope) })
    case 'merge': {
      const odd = completed.find(({ output }) => !isJsonObject(output))
      if (odd !== undefined)
        return fail('AgentOutputError', `${labelOf(odd)} gave no object, so it cannot be merged`, {
          hint: "give an object, or use strategy 'all'",
          details: { agent: odd.agent },
        })
      return complete({ results, output: Object.assign({}, ...outputs) as JsonObject })
    }
    case 'reduce': {
      if (config.reduce === null) return complete({ results, output: outputs })
      return ask({ ...config.reduce, input: { input: facts.input, results }, note: 'reduce' })
    }
    // Enough would have answered: too few did.
    case 'first':
    case 'quorum':
      return fail('PatternError', `${outputs.length} of ${config.quorum} agents answered`, {
        details: { results },
      })
    default:
      return assertNever(config.strategy, 'strategy')
  }
}

/** The highest score wins, the earlier agent on a tie; null when nobody answered. */
function bestOf(config: FanOutConfig, outputs: readonly JsonValue[], scope: object): JsonValue {
  let best: { readonly output: JsonValue; readonly score: number } | null = null
  for (const output of outputs) {
    const score = config.score?.(output, scope) ?? 0
    if (best === null || score > best.score) best = { output, score }
  }
  return best?.output ?? null
}

function decideReduced(reduced: PatternCall, results: readonly JsonObject[]): PatternDecision {
  if (reduced.status === 'completed') return complete({ results, output: reduced.output })
  if (reduced.error === null) return wait
  return failWith(reduced.error, `${labelOf(reduced)}, which was to reduce the results, failed`, {
    results,
  })
}

function failTogether(
  { agents, failuresMax }: FanOutConfig,
  failed: readonly PatternCall[],
  results: readonly JsonObject[],
): PatternDecision {
  const [first] = failed
  const why = first === undefined ? '' : `; ${labelOf(first)}: ${first.error?.message}`
  return fail(
    'PatternError',
    `${failed.length} of ${agents.length} agents failed, options.failuresMax is ${failuresMax}${why}`,
    { hint: 'look at each result; raise failuresMax or add a fallback', details: { results } },
  )
}

function resultOf({ agent, status, output, error }: PatternCall): JsonObject {
  const shown = status === 'open' ? 'cancelled' : status
  return { agent, status: shown, output, error: shownError(error) }
}
