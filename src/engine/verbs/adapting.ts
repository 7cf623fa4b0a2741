import { OrchestrationError } from '../../core/errors.ts'
import {
  type Adaptation,
  type ExecutionState,
  planAdaptation,
  type Stimulus,
} from '../../workflow/index.ts'
import type { AdaptationRequest } from '../adaptation-request.ts'
import { adaptationView } from '../views/adaptation-views.ts'
import type { AdaptationView } from '../workflow-engine.ts'

/** What a provider decided about the flag; null when none was asked. */
export type DecidedFlags = Readonly<Record<string, boolean>> | null

/** The id that the adaptation has, or will have. */
export function adaptationId({ adaptations }: ExecutionState, { id }: AdaptationRequest): string {
  return id ?? `adaptation-${adaptations.length + 1}`
}

/**
 * Nothing for one that was made before.
 *
 * @param flags asked for only when it is made
 * @throws as `planAdaptation`, and whatever `flags` throws
 */
export function adapting(
  state: ExecutionState,
  request: AdaptationRequest,
  flags: () => DecidedFlags,
): readonly Stimulus[] {
  const { id: _, because, cause = null, ...change } = request
  const id = adaptationId(state, request)
  if (adaptationIn(state, id) !== undefined) return []
  const decided = flags()
  const planned = planAdaptation(state, change)
  return [{ kind: 'adapt', order: { id, because, cause, flags: decided, ...planned } }]
}

/** @throws NotFoundError for an unknown adaptation; RefusedError when the execution does not go forward */
export function reverting(state: ExecutionState, id: string, because: string): readonly Stimulus[] {
  if (adaptationIn(state, id) === undefined) throw unknown(state, id)
  if (state.phase !== 'forward') throw adaptedNoMore(state.executionId)
  return [{ kind: 'revertAdaptation', id, because }]
}

/** An adaptation that was made. @throws RefusedError when there is none of that id, since then none can be made */
export function madeAdaptation(state: ExecutionState, id: string | undefined): AdaptationView {
  const found = id === undefined ? undefined : adaptationIn(state, id)
  if (found === undefined) throw adaptedNoMore(state.executionId)
  return adaptationView(found)
}

function adaptationIn(state: ExecutionState, id: string): Adaptation | undefined {
  return state.adaptations.find((one) => one.id === id)
}

/** The refusal of a change to an execution that does not go forward. */
export function adaptedNoMore(executionId: string): OrchestrationError {
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
