import { type Clock, systemClock } from '../core/clock.ts'
import { type ErrorJson, fromErrorJson, OrchestrationError } from '../core/errors.ts'
import { executionId, newExecutionId } from '../core/ids.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { type Random, systemRandom } from '../core/random.ts'
import { defineWorkflow, type PatternOptionsData, type WorkflowData } from '../workflow/index.ts'
import { checkedSpec } from './checked-spec.ts'
import { type ConsensusOptions, type ConsensusResult, writtenOf } from './consensus-pattern.ts'

/** What a coordinator needs of an engine: any `WorkflowEngine` has it. */
export interface VoteEngine {
  executeWorkflow(
    workflowId: string,
    document: WorkflowData,
    options: { readonly executionId: string; readonly input: JsonObject },
  ): Promise<{
    readonly status: string
    readonly steps: { readonly [stepId: string]: { readonly output: JsonValue } }
    readonly error: ErrorJson | null
  }>
}

/** What is to be decided, and by whom. */
export interface VoteQuestion {
  /** Names the vote for ever, as an execution id. Default: a new one. */
  readonly voteId?: string
  readonly agents: readonly string[]
  /** What is called of each agent. */
  readonly action: string
  /** What each agent is asked with. */
  readonly data: JsonObject
  readonly options?: ConsensusOptions
}

export interface VoteDecision {
  readonly voteId: string
  readonly decision: ConsensusResult
}

/**
 * Decides by consensus, once and for ever for each vote id: a vote is an execution of an engine, and its id the
 * execution's. Whoever asks again, in this process or after a crash, attaches to that execution: votes that were
 * cast are not cast again, and the decision is the recorded one.
 */
export class ConsensusCoordinator {
  readonly #engine: VoteEngine
  readonly #clock: Clock
  readonly #random: Random

  /** @param options of use for new vote ids; default the computer's */
  constructor(
    engine: VoteEngine,
    options: { readonly clock?: Clock; readonly random?: Random } = {},
  ) {
    this.#engine = engine
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? systemRandom
  }

  /**
   * Gives the decision of a vote, which begins with the first question under its id.
   *
   * @throws InputError for a wrong question; NoConsensusError, each time the same, when the votes gave no decision;
   *   WorkflowCancelledError when somebody cancelled the vote; what the engine refuses, another question under the
   *   same id among it
   */
  async decide(question: VoteQuestion): Promise<VoteDecision> {
    const voteId =
      question.voteId === undefined
        ? newExecutionId('vote', this.#clock.nowMs(), this.#random)
        : executionId(question.voteId)
    const document = voteDocument(question)
    const run = await this.#engine.executeWorkflow(document.name, document, {
      executionId: voteId,
      input: question.data,
    })
    if (run.status === 'completed')
      return { voteId, decision: run.steps['vote']?.output as unknown as ConsensusResult }
    if (run.error !== null) throw fromErrorJson(run.error)
    throw new OrchestrationError('WorkflowCancelledError', `vote '${voteId}' was ${run.status}`)
  }
}

/**
 * The workflow of a vote: whoever starts it under the vote's id with the question's data begins that vote.
 *
 * @throws InputError for a wrong question
 */
export function voteDocument({ agents, action, data, options = {} }: VoteQuestion): WorkflowData {
  const { deadlineMs, ...rest } = options
  const written = writtenOf(rest)
  checkedSpec('consensus', { agents, action }, written)
  const limit: PatternOptionsData = deadlineMs === undefined ? {} : { deadline: `${deadlineMs}ms` }
  const asked = Object.keys(data).map((key) => [key, `\${ input[${JSON.stringify(key)}] }`])
  return defineWorkflow({
    name: 'vote',
    version: '1.0.0',
    description: 'One decision of a ConsensusCoordinator',
    steps: {
      vote: {
        pattern: 'consensus',
        agents,
        action,
        with: Object.fromEntries(asked) as JsonObject,
        options: { ...written, ...limit },
      },
    },
  })
}
