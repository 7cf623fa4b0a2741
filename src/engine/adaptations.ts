import type { FlagProvider } from '../core/contracts/flags.ts'
import type { ExecutionState } from '../workflow/index.ts'
import { checkedRequest, type AdaptationRequest } from './adaptation-request.ts'
import { adaptationFlags } from './flags/adaptation-flag.ts'
import type { Executions } from './executions.ts'
import type { Steering } from './steering.ts'
import {
  adaptationId,
  adapting,
  adaptedNoMore,
  type DecidedFlags,
  madeAdaptation,
  reverting,
} from './verbs/adapting.ts'
import type { AdaptationView } from './workflow-engine.ts'

export interface AdaptationsParts {
  readonly executions: Executions
  readonly steering: Steering
  /** Null: none is configured, and every flag is on. */
  readonly flags: FlagProvider | null
}

/** Adapts running executions within what their documents declare, and takes that back. */
export class Adaptations {
  readonly #of: AdaptationsParts

  constructor(of: AdaptationsParts) {
    this.#of = of
  }

  /** @throws as `WorkflowEngine.adapt` */
  async adapt(executionId: string, asked: AdaptationRequest): Promise<AdaptationView> {
    const { executions, steering } = this.#of
    const request = checkedRequest(asked)
    let id = request.id
    const taken = await steering.steer(executionId, ({ state }) => {
      id = adaptationId(state, request)
      return adapting(state, request, () => this.#decideFlags(state))
    })
    // One that was made before its execution ended is told again.
    const state = executions.stateAt(executions.row(executionId))
    return madeAdaptation(state, taken === null ? request.id : id)
  }

  /** @throws as `WorkflowEngine.revertAdaptation` */
  async revert(executionId: string, id: string, because: string): Promise<boolean> {
    const taken = await this.#of.steering.steer(executionId, ({ state }) =>
      reverting(state, id, because),
    )
    if (taken === null) throw adaptedNoMore(executionId)
    return taken
  }

  #decideFlags({ executionId, plan }: ExecutionState): DecidedFlags {
    return adaptationFlags(this.#of.flags, { executionId, workflow: plan.name })
  }
}
