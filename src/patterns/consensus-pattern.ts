import type { JsonObject, JsonValue } from '../core/json.ts'
import { checkedSpec } from './checked-spec.ts'
import { patternRunner } from './compile.ts'
import { drive, type PatternHost } from './drive.ts'
import type { ConsensusStrategy } from './vote.ts'

export interface ConsensusOptions {
  /** The field of an agent's output that is its vote. Default `choice`. */
  readonly field?: string
  /** Default `majority`. */
  readonly strategy?: ConsensusStrategy
  /** What may be voted for. Default anything. */
  readonly choices?: readonly JsonValue[]
  /** Of `weighted` and `borda`, by agent. Default the vote's confidence, and for `borda` 1. */
  readonly weights?: { readonly [agent: string]: number }
  /** Of `quorum`: votes that a choice needs, default more than half. Else votes that must be cast, default 1. */
  readonly quorum?: number
  /** Less sure votes count as abstentions. Default 0. */
  readonly confidenceMin?: number
  /** What a vote is that cannot be counted. Default `abstain`. */
  readonly invalid?: 'abstain' | 'fail'
  /** Agents that may rule choices out, by `veto: true | choice | [choices]` in their output. Default nobody. */
  readonly veto?: readonly string[]
  /** What decides between level choices: the order of `choices` (else of the agents), or an agent. Default `fail`. */
  readonly tieBreak?: 'fail' | 'order' | { readonly agent: string }
  /** Who has not voted by then abstains. Default none. */
  readonly deadlineMs?: number
}

/** A decision, with every vote. The winning value is also there under the name of `field`. */
export interface ConsensusResult {
  readonly [field: string]: JsonValue
  /** Share of all weight (of `borda`: points) that went to the winning value, 0 to 1. */
  readonly agreement: number
  /** The whole output of the strongest agent that voted for it. */
  readonly winner: JsonValue
  /** `{ agent, value, confidence, weight, reason, abstained }` by agent; dissent has another value and its reason. */
  readonly votes: readonly JsonObject[]
}

/** Agents vote. In memory; durable as a step `pattern: consensus`, and behind `ConsensusCoordinator`. */
export class ConsensusPattern {
  readonly #host: PatternHost

  constructor(host: PatternHost) {
    this.#host = host
  }

  /**
   * Asks every agent once with the same data. An agent that throws, is late, or answers what is no vote abstains,
   * with the reason.
   *
   * @throws InputError for wrong options or a voter that is named twice; NoConsensusError when the votes give no
   *   decision, `details.votes` having all of them
   * @example
   * const call = ({ agent }: { agent: string }) => ({ choice: agent === 'c' ? 'stay' : 'go' })
   * const consensus = new ConsensusPattern({ call })
   * const { choice, agreement } = await consensus.reachConsensus(['a', 'b', 'c'], {})
   * // 'go', 2/3
   */
  async reachConsensus(
    agents: readonly string[],
    data: JsonValue,
    { deadlineMs, ...options }: ConsensusOptions = {},
  ): Promise<ConsensusResult> {
    const { action = 'run' } = this.#host
    const spec = checkedSpec('consensus', { agents, action }, writtenOf(options))
    const given = { input: data, deadlineMs: deadlineMs ?? null }
    const result = await drive(this.#host, (facts) => patternRunner.decide(spec, facts), given)
    return result as unknown as ConsensusResult
  }
}

/** The options as a document has them. */
export function writtenOf({ choices, veto, ...options }: Omit<ConsensusOptions, 'deadlineMs'>) {
  return {
    ...options,
    ...(choices === undefined ? {} : { choices: [...choices] }),
    ...(veto === undefined ? {} : { veto: [...veto] }),
  }
}
