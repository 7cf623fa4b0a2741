import { assertNever } from '../core/assert.ts'
import type {
  PatternDecision,
  PatternFacts,
  PatternRunner,
  PatternSpec,
} from '../core/contracts/pattern.ts'
import { OrchestrationError } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import {
  compileExpression,
  compileSchema,
  compileTemplate,
  expectBool,
  type Scope,
} from '../workflow/index.ts'
import { decideConsensus } from './consensus.ts'
import { decideFanOut, type FanOutConfig } from './fan-out.ts'
import { decideHierarchical, type HierarchicalConfig } from './hierarchical.ts'
import { decidePipeline, type Joint, type PipelineConfig } from './pipeline.ts'
import type { ConsensusConfig } from './vote.ts'

type Decide = (facts: PatternFacts) => PatternDecision

// A plan keeps its specs for as long as it lives, so each is compiled once.
const compiled = new WeakMap<PatternSpec, Decide>()

/** Decides for the patterns of documents. Their options were checked when the document was read. */
export const patternRunner: PatternRunner = {
  decide(spec, facts) {
    let decide = compiled.get(spec)
    if (decide === undefined) {
      decide = compile(spec)
      compiled.set(spec, decide)
    }
    return decide(facts)
  },
}

function compile({ pattern, agents, action, options }: PatternSpec): Decide {
  const base = { agents, action }
  switch (pattern) {
    case 'pipeline': {
      const config = pipelineConfig(base, options)
      return (facts) => decidePipeline(config, facts)
    }
    case 'fanOut': {
      const score = typeof options['score'] === 'string' ? scoreOf(options['score']) : null
      const config = { ...options, ...base, score } as unknown as FanOutConfig
      return (facts) => decideFanOut(config, facts)
    }
    case 'consensus': {
      const config = { ...options, ...base } as unknown as ConsensusConfig
      return (facts) => decideConsensus(config, facts)
    }
    case 'hierarchical': {
      const config = { ...options, agents } as unknown as HierarchicalConfig
      return (facts) => decideHierarchical(config, facts)
    }
    default:
      return assertNever(pattern, 'pattern')
  }
}

function pipelineConfig(
  base: Pick<PatternSpec, 'agents' | 'action'>,
  options: JsonObject,
): PipelineConfig {
  const joints = options['joints'] as readonly (JsonObject | null)[]
  const { stopWhen } = options
  return {
    ...base,
    joints: joints.map((joint) => (joint === null ? null : compileJoint(joint))),
    stopWhen: typeof stopWhen === 'string' ? stopOf(stopWhen) : null,
  }
}

function compileJoint({ map, schema }: JsonObject): Joint {
  const template = map === undefined ? null : compileTemplate(map)
  return {
    map:
      template === null
        ? null
        : (output, { index, scope }) => template.evaluate({ ...scope, output, index }),
    faultOf: schema === null ? null : faultsOf(schema as JsonObject),
  }
}

/** Says where an output does not match a JSON Schema. @throws DocumentError for a schema that is none */
export function faultsOf(schema: JsonObject): (output: JsonValue) => string | null {
  const checked = compileSchema(schema)
  if ('faults' in checked) {
    const why = checked.faults[0]?.message
    throw new OrchestrationError('DocumentError', `the schema of a joint is not valid: ${why}`)
  }
  return (output) => {
    // The check writes defaults into what it is given.
    const [first] = checked.validate(structuredClone<JsonValue>(output))
    if (first === undefined) return null
    return `${['output', ...first.path].join('.')} must be ${first.expected}`
  }
}

function stopOf(source: string): NonNullable<PipelineConfig['stopWhen']> {
  const expression = compileExpression(source)
  return (output, { index, scope }) =>
    expectBool(expression.evaluate({ ...scope, output, index }), 'stopWhen')
}

function scoreOf(source: string): (output: JsonValue, scope: object) => number {
  const expression = compileExpression(source)
  return (output, scope) => {
    const score = expression.evaluate({ ...(scope as Scope), output })
    if (typeof score === 'number') return score
    throw new OrchestrationError(
      'ExpressionError',
      `score must give a number, found ${JSON.stringify(score)?.slice(0, 100)}`,
    )
  }
}
