import type { JsonObject, JsonValue } from '../core/json.ts'
import { checkedSpec } from './checked-spec.ts'
import { faultsOf } from './compile.ts'
import { drive, type PatternHost } from './drive.ts'
import { decidePipeline, type Joint, type PipelineConfig, type StageAt } from './pipeline.ts'

export interface PipelineOptions {
  /** What lies behind each stage but the last; null hands the output on. Default: all do. */
  readonly joints?: readonly ({
    readonly map?: (output: JsonValue, at: StageAt) => JsonValue
    /** JSON Schema 2020-12 that the output must match. */
    readonly schema?: JsonObject
  } | null)[]
  /** Ends the pipeline early, with that output. Default: never. */
  readonly stopWhen?: (output: JsonValue, at: StageAt) => boolean
  /** Default none. */
  readonly deadlineMs?: number
}

export interface PipelineResult {
  /** Of the last stage that ran. */
  readonly output: JsonValue
  readonly stages: readonly { readonly agent: string; readonly output: JsonValue }[]
}

/** Agents one after the other, each on the output of the one before. In memory; durable as a step `pattern: pipeline`. */
export class PipelinePattern {
  readonly #host: PatternHost

  constructor(host: PatternHost) {
    this.#host = host
  }

  /**
   * @throws InputError for no agents or wrong joints; what a stage failed with, `details.stages` having the
   *   outputs before it; AgentOutputError where an output does not match its joint's schema;
   *   WorkflowTimeoutError at the deadline
   * @example
   * const pipeline = new PipelinePattern({ call: ({ agent, input }) => `${input} ${agent}` })
   * await pipeline.executeSequential(['brown', 'fox'], 'quick')
   * // { output: 'quick brown fox', stages: [{ agent: 'brown', output: 'quick brown' }, …] }
   */
  async executeSequential(
    agents: readonly string[],
    data: JsonValue,
    { joints = [], stopWhen, deadlineMs }: PipelineOptions = {},
  ): Promise<PipelineResult> {
    const { action = 'run' } = this.#host
    checkedSpec('pipeline', { agents, action }, { joints: joints.map(shapeOf) })
    const config: PipelineConfig = {
      agents,
      action,
      joints: joints.map((joint): Joint | null =>
        joint === null
          ? null
          : {
              map: joint.map ?? null,
              faultOf: joint.schema === undefined ? null : faultsOf(joint.schema),
            },
      ),
      stopWhen: stopWhen ?? null,
    }
    const given = { input: data, deadlineMs: deadlineMs ?? null }
    const result = await drive(this.#host, (facts) => decidePipeline(config, facts), given)
    return result as unknown as PipelineResult
  }
}

function shapeOf(
  joint: { readonly schema?: JsonObject } | null,
): { schema?: Record<string, unknown> } | null {
  return joint?.schema === undefined ? null : { schema: joint.schema }
}
