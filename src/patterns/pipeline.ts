import type { PatternDecision, PatternFacts } from '../core/contracts/pattern.ts'
import type { JsonValue } from '../core/json.ts'
import { ask, complete, fail, failOverdue, failWith, labelOf, wait } from './decision.ts'

/** Where in a pipeline a function of its joints is asked. */
export interface StageAt {
  /** Of the stage that has ended, counted from 0. */
  readonly index: number
  readonly agent: string
  readonly scope: object
}

/** What lies between two stages. */
export interface Joint {
  /** Makes the next stage's input of the output; null hands the output on as it is. */
  readonly map: ((output: JsonValue, at: StageAt) => JsonValue) | null
  /** Says what is wrong with the output; null when nothing is, and for no check. */
  readonly faultOf: ((output: JsonValue) => string | null) | null
}

export interface PipelineConfig {
  readonly agents: readonly string[]
  readonly action: string
  /** After each stage but the last; null or absent hands the output on. */
  readonly joints: readonly (Joint | null)[]
  /** Ends the pipeline early with that output; null never does. */
  readonly stopWhen: ((output: JsonValue, at: StageAt) => boolean) | null
}

/** Each output is the next input. Gives `{ output, stages: [{ agent, output }] }`. */
export function decidePipeline(config: PipelineConfig, facts: PatternFacts): PatternDecision {
  const { agents, action } = config
  const { calls, scope } = facts
  const index = calls.length - 1
  const last = calls[index]
  if (last === undefined) return askStage(config, 0, facts.input)
  const where = `stage ${index + 1} of ${agents.length} (${labelOf(last)})`
  const stages = calls
    .filter(({ status }) => status === 'completed')
    .map(({ agent, output }) => ({ agent, output }))
  if (last.status === 'failed' && last.error !== null) {
    const details = { stage: index, agent: last.agent, stages }
    return failWith(last.error, `${where} failed`, details)
  }
  if (last.status !== 'completed') return facts.isOverdue ? failOverdue(`${where} ran`) : wait
  const { output } = last
  const at: StageAt = { index, agent: last.agent, scope }
  const joint = config.joints[index] ?? null
  const fault = joint?.faultOf?.(output) ?? null
  if (fault !== null) {
    return fail('AgentOutputError', `${where} gave what its joint refuses: ${fault}`, {
      hint: `correct ${last.agent}.${action} or the joint's schema`,
      details: { stage: index, agent: last.agent, stages },
    })
  }
  const isOver = index === agents.length - 1 || config.stopWhen?.(output, at) === true
  if (isOver) return complete({ output, stages })
  return askStage(config, index + 1, joint?.map?.(output, at) ?? output)
}

function askStage(config: PipelineConfig, index: number, input: JsonValue): PatternDecision {
  return ask({ agent: config.agents[index] as string, action: config.action, input, note: null })
}
