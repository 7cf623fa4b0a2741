import type { JsonObject, JsonValue } from '../core/json.ts'
import { checkedSpec } from './checked-spec.ts'
import { patternRunner } from './compile.ts'
import { drive, type PatternHost } from './drive.ts'

export interface HierarchicalOptions {
  /** Actions of the supervisor (`plan`, `review`) and the workers (`work`). Default the host's. */
  readonly actions?: { readonly plan?: string; readonly work?: string; readonly review?: string }
  /** Rounds of work, the first included. Default 3. */
  readonly roundsMax?: number
  /** Workers that supervise a team of their own. Default none. */
  readonly teams?: { readonly [worker: string]: readonly string[] }
  /** Default none. */
  readonly deadlineMs?: number
}

export interface HierarchicalResult {
  /** What the supervisor made of it. */
  readonly output: JsonValue
  /** Rounds of work there were. */
  readonly rounds: number
  /** `{ round, agent, input, status, output, error, team }` each; `team` has what a worker's own team did. */
  readonly assignments: readonly JsonObject[]
}

/** A supervisor plans, delegates and reviews. In memory; durable as a step `pattern: hierarchical`. */
export class HierarchicalPattern {
  readonly #host: PatternHost
  readonly #options: HierarchicalOptions

  constructor(host: PatternHost, options: HierarchicalOptions = {}) {
    this.#host = host
    this.#options = options
  }

  /**
   * The supervisor is asked with `{ phase: 'plan' | 'review', task, workers, round, assignments }` and answers
   * `{ assignments: [{ agent, input }] }`, or `{ done: true, output }`. A worker that fails is the review's to judge.
   *
   * @throws InputError for wrong options or teams that never end; what the supervisor failed with;
   *   AgentOutputError for a plan that is none; PatternError after `roundsMax` rounds; WorkflowTimeoutError at the
   *   deadline
   */
  async supervisorWorker(
    supervisor: string,
    workers: readonly string[],
    task: JsonValue,
  ): Promise<HierarchicalResult> {
    const { action = 'run' } = this.#host
    const { deadlineMs = null, teams, actions, roundsMax } = this.#options
    const spec = checkedSpec(
      'hierarchical',
      { agents: [supervisor, ...workers], action },
      {
        ...(actions === undefined ? {} : { actions }),
        ...(roundsMax === undefined ? {} : { roundsMax }),
        ...(teams === undefined ? {} : { teams: copied(teams) }),
      },
    )
    const given = { input: task, deadlineMs }
    const result = await drive(this.#host, (facts) => patternRunner.decide(spec, facts), given)
    return result as unknown as HierarchicalResult
  }
}

function copied(teams: NonNullable<HierarchicalOptions['teams']>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(teams).map(([lead, team]) => [lead, [...team]]))
}
