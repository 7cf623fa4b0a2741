import type { ErrorJson } from '../../core/errors.ts'
import { requestStart } from './attempts.ts'
import { coordinate } from './coordination.ts'
import { decideSteps } from './decide-steps.ts'
import { advanceEnding, decideFailure } from './endings.ts'
import { startItems } from './items.ts'
import type { CallState, ExecutionState, ItemsState, StepState } from './state.ts'
import { record, type Turn } from './turn.ts'

/** Goes on until everything that can be decided now is decided. */
export function advance(turn: Turn): void {
  const { state, starting, touched, coordinating } = turn
  do {
    drain(turn)
    if (mayDecide(state)) {
      decideSteps(turn)
      drain(turn)
    }
    advanceEnding(turn)
  } while (starting.length + touched.length + coordinating.length > 0 || mayDecide(state))
}

function mayDecide(state: ExecutionState): boolean {
  return state.phase === 'forward' && state.ready.length > 0 && !state.paused
}

function drain(turn: Turn): void {
  const { starting, touched, coordinating } = turn
  // The lists may grow while they are gone through.
  for (let t = 0, c = 0, s = 0; ;) {
    if (t < touched.length) callEnded(turn, touched[t++] as StepState)
    else if (c < coordinating.length) coordinate(turn, coordinating[c++] as CallState)
    else if (s < starting.length) requestStart(turn, starting[s++] as CallState)
    else break
  }
  touched.length = 0
  coordinating.length = 0
  starting.length = 0
}

/** A call of the step has ended, or the step has failed: its next items start, or its failure is felt. */
function callEnded(turn: Turn, step: StepState): void {
  const { items } = step
  if (items === null) {
    if (step.view.status === 'failed')
      stepFailed(turn, step, step.view.error as unknown as ErrorJson)
    return
  }
  const first = items.failed[0]
  if (first === undefined) return startItems(turn, step)
  if (step.liveCalls > 0 || step.view.status !== 'running') return
  const error = itemsError(step.plan.id, items.failed, first)
  record(turn, { kind: 'StepFailed', step: step.plan.id, error })
  stepFailed(turn, step, error)
}

/** A step has failed for good. */
function stepFailed(turn: Turn, step: StepState, error: ErrorJson): void {
  if (!step.plan.continueOnFailure) decideFailure(turn, step.plan.id, error)
}

type Failed = ItemsState['failed']

function itemsError(id: string, failed: Failed, first: Failed[number]): ErrorJson {
  const items = failed.map(({ index, error }) => ({ index, error: { ...error } }))
  const more = items.length > 1 ? ` and ${items.length - 1} more` : ''
  return {
    ...first.error,
    retryable: false,
    message: `item ${first.index}${more} of step '${id}' failed: ${first.error.message}`,
    details: { ...first.error.details, items },
  }
}
