import type { ErrorJson } from '../core/errors.ts'
import type { JsonValue } from '../core/json.ts'
import { checkedSpec } from './checked-spec.ts'
import { drive, type PatternHost } from './drive.ts'
import { decideFanOut, type FanOutConfig, type FanOutStrategy } from './fan-out.ts'

export interface FanOutOptions {
  /** Default `all`. */
  readonly strategy?: FanOutStrategy
  /** Of `quorum`: how many successes are enough. Default more than half. */
  readonly quorum?: number
  /** How many agents may fail. Default 0; for `first` and `quorum` as many as are not needed. */
  readonly failuresMax?: number
  /** Of `best`: the score of an output, the highest wins. */
  readonly score?: (output: JsonValue) => number
  /** Of `reduce`: called with `{ input, results }`; its output is the pattern's. */
  readonly reduce?: { readonly agent: string; readonly action: string }
  /** Agents that have not answered by then have failed. Default none. */
  readonly deadlineMs?: number
}

export interface FanOutResult {
  /** By agent, as they were named. */
  readonly results: readonly {
    readonly agent: string
    readonly status: 'completed' | 'failed' | 'cancelled'
    readonly output: JsonValue
    readonly error: ErrorJson | null
  }[]
  /** What the strategy makes of the outputs. */
  readonly output: JsonValue
}

/** Agents all at once on the same data. In memory; durable as a step `pattern: fanOut`. */
export class FanOutPattern {
  readonly #host: PatternHost

  constructor(host: PatternHost) {
    this.#host = host
  }

  /**
   * @throws InputError for wrong options; PatternError when more agents failed than may, `details.results`
   *   having what became of each; AgentOutputError for what cannot be merged; WorkflowTimeoutError at the deadline
   * @example
   * const fanOut = new FanOutPattern({ call: ({ agent }) => agent.length })
   * await fanOut.executeParallel(['a', 'bcd'], {}, { strategy: 'best', score: Number })
   * // { results: [{ agent: 'a', status: 'completed', output: 1, error: null }, …], output: 3 }
   */
  async executeParallel(
    agents: readonly string[],
    data: JsonValue,
    { deadlineMs, score, ...options }: FanOutOptions = {},
  ): Promise<FanOutResult> {
    const { action = 'run' } = this.#host
    const written = score === undefined ? options : { ...options, score: 'output' }
    const spec = checkedSpec('fanOut', { agents, action }, written)
    const own = score === undefined ? null : score
    const config = { ...spec.options, agents, action, score: own } as unknown as FanOutConfig
    const given = { input: data, deadlineMs: deadlineMs ?? null }
    const result = await drive(this.#host, (facts) => decideFanOut(config, facts), given)
    return result as unknown as FanOutResult
  }
}
