import type { FlagProvider } from '../core/contracts/flags.ts'
import { OrchestrationError } from '../core/errors.ts'
import { type Adaptation, type ExecutionState, planAdaptation } from '../workflow/index.ts'
import { checkedRequest, type AdaptationRequest } from './adaptation-request.ts'
import { decideFlags } from './flags/flag-rules.ts'
import type { Executions } from './executions.ts'
import type { Steering } from './steering.ts'
import { adaptationView } from './views/adaptation-views.ts'
import type { AdaptationView } from './workflow-engine.ts'

/** While it is off nothing is adapted. */
const adaptationFlag = 'workflow-adaptation'

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
    const { steering } = this.#of
    const { id: wanted, because, cause = null, ...change } = checkedRequest(asked)
    let made: string | null = null
    let state: ExecutionState | null = null
    const taken = await steering.steer(executionId, (running) => {
      state = running.state
      const id = wanted ?? `adaptation-${running.state.adaptations.length + 1}`
      made = id
      if (adaptationIn(running.state, id) !== undefined) return []
      const flags = this.#decideFlags(running.state)
      const planned = planAdaptation(running.state, change)
      return [{ kind: 'adapt', order: { id, because, cause, flags, ...planned } }]
    })
    if (taken === null) return this.#known(executionId, wanted)
    return viewOf(state, made)
  }

  /** @throws as `WorkflowEngine.revertAdaptation` */
  async revert(executionId: string, id: string, because: string): Promise<boolean> {
    const taken = await this.#of.steering.steer(executionId, ({ state }) => {
      if (adaptationIn(state, id) === undefined) throw unknown(state, id)
      if (state.phase !== 'forward') throw over(executionId)
      return [{ kind: 'revertAdaptation', id, because }]
    })
    if (taken === null) throw over(executionId)
    return taken
  }

  /** One that was made before its execution ended is told again. */
  #known(executionId: string, id: string | undefined): AdaptationView {
    const { executions } = this.#of
    const state = executions.stateAt(executions.row(executionId))
    if (id !== undefined && adaptationIn(state, id) !== undefined) return viewOf(state, id)
    throw over(executionId)
  }

  #decideFlags({ executionId, plan }: ExecutionState): Readonly<Record<string, boolean>> | null {
    const { flags } = this.#of
    if (flags === null) return null
    const context = { executionId, workflow: plan.name }
    const decided = decideFlags(flags, [adaptationFlag], context)
    if (decided[adaptationFlag] === true) return decided
    throw new OrchestrationError(
      'FeatureDisabledError',
      `execution '${executionId}' is not adapted: flag '${adaptationFlag}' is off`,
      { hint: 'turn the flag on', details: { flags: [adaptationFlag] } },
    )
  }
}

function adaptationIn(state: ExecutionState, id: string): Adaptation | undefined {
  return state.adaptations.find((one) => one.id === id)
}

function viewOf(state: ExecutionState | null, id: string | null): AdaptationView {
  const found = state?.adaptations.find((one) => one.id === id)
  if (found !== undefined) return adaptationView(found)
  throw new OrchestrationError('InternalError', `adaptation '${id}' was not recorded`)
}

function over(executionId: string): OrchestrationError {
  return new OrchestrationError(
    'RefusedError',
    `execution '${executionId}' has ended or is being ended: it is adapted no more`,
    { hint: 'adapt executions that go forward; `aura ls --status running` lists them' },
  )
}

function unknown({ executionId, adaptations }: ExecutionState, id: string): OrchestrationError {
  const ids = adaptations.map((one) => one.id)
  return new OrchestrationError(
    'NotFoundError',
    `execution '${executionId}' has no adaptation '${id}'`,
    { hint: ids.length === 0 ? 'it was never adapted' : `there are ${ids.join(', ')}` },
  )
}
