import { assertNever } from '../../core/assert.ts'
import type { PatternSpec } from '../../core/contracts/pattern.ts'
import { canonicalJson, type JsonObject, type JsonValue } from '../../core/json.ts'
import { nearestHint } from '../../core/nearest.ts'
import { compileSchema } from './input.ts'
import type { ProblemDraft } from './problem.ts'
import {
  consensusStrategies,
  fanOutStrategies,
  type ParsedPatternOptions,
  patternOptionKeys,
} from './schema-patterns.ts'
import { teamFaults } from './team-faults.ts'

/** What is wrong with a pattern; paths begin at its step. */
export type PatternFault = ProblemDraft & { readonly path: NonNullable<ProblemDraft['path']> }

type Named = Pick<PatternSpec, 'pattern' | 'agents'>

/** Everything about a pattern's agents and options that their shapes alone do not say. */
export function patternFaults(
  named: Named,
  options: ParsedPatternOptions,
): readonly PatternFault[] {
  const { pattern } = named
  return [
    ...unknownKeys(named, options),
    ...(pattern === 'consensus' || pattern === 'hierarchical' ? repeated(named) : []),
    ...ownFaults(named, options),
  ]
}

function ownFaults(named: Named, options: ParsedPatternOptions): readonly PatternFault[] {
  switch (named.pattern) {
    case 'pipeline':
      return pipelineFaults(named, options)
    case 'fanOut':
      return fanOutFaults(named, options)
    case 'consensus':
      return consensusFaults(named, options)
    case 'hierarchical':
      return teamFaults(named, options)
    default:
      return assertNever(named.pattern, 'pattern')
  }
}

function pipelineFaults({ agents }: Named, { joints = [] }: ParsedPatternOptions): PatternFault[] {
  const faults: PatternFault[] = []
  if (joints.length > Math.max(0, agents.length - 1)) {
    faults.push({
      path: ['options', 'joints'],
      message: `${agents.length} stages have ${agents.length - 1} joints between them`,
      found: `${joints.length} joints`,
      expected: `at most ${agents.length - 1}`,
    })
  }
  for (const [index, joint] of joints.entries()) {
    if (joint?.schema === undefined) continue
    const checked = compileSchema(joint.schema as JsonObject)
    if (!('faults' in checked)) continue
    const [fault] = checked.faults
    faults.push({
      path: ['options', 'joints', index, 'schema'],
      message: (fault?.message ?? '').replace('the input schema', 'the schema of this joint'),
      hint: fault?.hint ?? null,
    })
  }
  return faults
}

function fanOutFaults(named: Named, options: ParsedPatternOptions): PatternFault[] {
  const { strategy = 'all' } = options
  const faults = [
    ...strategyFaults(named, options, fanOutStrategies),
    ...tooMany(named, options, 'quorum'),
    ...tooMany(named, options, 'failuresMax'),
  ]
  const goesWith = { quorum: 'quorum', score: 'best', reduce: 'reduce' } as const
  for (const key of ['quorum', 'score', 'reduce'] as const) {
    const wanted = goesWith[key]
    const isGiven = options[key] !== undefined
    if (isGiven && strategy !== wanted) {
      faults.push({
        path: ['options', key],
        message: `options.${key} does nothing with strategy ${strategy}`,
        expected: `strategy ${wanted}`,
        place: 'key',
      })
    } else if (!isGiven && strategy === wanted && key !== 'quorum') {
      faults.push({
        path: ['options', 'strategy'],
        message: `strategy ${strategy} needs options.${key}`,
        expected: `options.${key}`,
      })
    }
  }
  return faults
}

function consensusFaults(named: Named, options: ParsedPatternOptions): PatternFault[] {
  const { field, choices, weights = {}, veto = [], tieBreak, strategy = 'majority' } = options
  const faults = [
    ...strategyFaults(named, options, consensusStrategies),
    ...tooMany(named, options, 'quorum'),
    ...Object.keys(weights).flatMap((agent) =>
      noVoter(named, agent, ['options', 'weights', agent]),
    ),
    ...veto.flatMap((agent, index) => noVoter(named, agent, ['options', 'veto', index])),
  ]
  if (typeof tieBreak === 'object')
    faults.push(...noVoter(named, tieBreak.agent, ['options', 'tieBreak', 'agent']))
  if (field !== undefined && resultFields.includes(field)) {
    faults.push({
      path: ['options', 'field'],
      message: `the result has a field '${field}' of its own`,
      found: field,
      expected: `a name that is none of ${resultFields.join(', ')}`,
    })
  }
  if (options.weights !== undefined && strategy !== 'weighted' && strategy !== 'borda') {
    faults.push({
      path: ['options', 'weights'],
      message: `options.weights does nothing with strategy ${strategy}`,
      expected: 'strategy weighted or borda',
      place: 'key',
    })
  }
  const keys = (choices ?? []).map((choice) => canonicalJson(choice as JsonValue))
  const twice = keys.findIndex((key, index) => keys.indexOf(key) < index)
  if (twice >= 0) {
    const path = ['options', 'choices', twice]
    faults.push({ path, message: 'this choice is there twice', found: keys[twice] ?? null })
  }
  return faults
}

const resultFields = ['agreement', 'winner', 'votes']

function strategyFaults(
  { pattern }: Named,
  { strategy }: ParsedPatternOptions,
  known: readonly string[],
): PatternFault[] {
  if (strategy === undefined || known.includes(strategy)) return []
  const message = `${pattern} has no strategy '${strategy}'`
  const expected = `one of ${known.join(', ')}`
  return [{ path: ['options', 'strategy'], message, found: strategy, expected }]
}

function tooMany(
  { agents }: Named,
  options: ParsedPatternOptions,
  key: 'quorum' | 'failuresMax',
): PatternFault[] {
  const value = options[key]
  if (value === undefined || value <= agents.length) return []
  const expected = `at most ${agents.length}, one for each agent`
  return [
    {
      path: ['options', key],
      message: `options.${key} is higher than the number of agents`,
      found: String(value),
      expected,
    },
  ]
}

function noVoter({ agents }: Named, agent: string, path: PatternFault['path']): PatternFault[] {
  if (agents.includes(agent)) return []
  return [
    {
      path,
      message: `'${agent}' does not vote here`,
      found: agent,
      expected: `one of ${agents.join(', ')}`,
      hint: () => nearestHint(agent, agents),
    },
  ]
}

function repeated({ agents, pattern }: Named): PatternFault[] {
  const index = agents.findIndex((agent, place) => agents.indexOf(agent) < place)
  if (index < 0) return []
  return [
    {
      path: ['agents', index],
      message: `'${agents[index]}' is there twice; in a ${pattern} each agent is there once`,
      found: agents[index] ?? null,
      expected: 'each agent once',
    },
  ]
}

function unknownKeys({ pattern }: Named, options: ParsedPatternOptions): PatternFault[] {
  const known: readonly string[] = patternOptionKeys[pattern]
  const odd = Object.keys(options).filter((key) => !known.includes(key))
  return odd.map((key) => ({
    path: ['options', key],
    message: `${pattern} has no option '${key.slice(0, 100)}'`,
    found: key.slice(0, 100),
    expected: `one of ${known.join(', ')}`,
    hint: () => nearestHint(key, known),
    place: 'key' as const,
  }))
}
