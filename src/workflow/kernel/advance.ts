import type { ErrorJson } from '../../core/errors.ts'
import { requestStart } from './attempts.ts'
import { decideSteps } from './decide-steps.ts'
import { advanceEnding, decideFailure } from './endings.ts'
import { startItems } from './items.ts'
import type { StepState } from './state.ts'
import { record, type Turn } from './turn.ts'

/** Goes on until everything that can be decided now is decided. */
export function advance(turn: Turn): void {
  const { state, starting, touched } = turn
  do {
    drain(turn)
    if (state.phase === 'forward' && state.ready.size > 0 && !state.paused) {
      decideSteps(turn)
      drain(turn)
    }
    advanceEnding(turn)
  } while (starting.length > 0 || touched.length > 0)
}

function drain(turn: Turn): void {
  const { starting, touched } = turn
  while (starting.length > 0 || touched.length > 0) {
    for (const step of touched.splice(0)) callEnded(turn, step)
    for (const call of starting.splice(0)) requestStart(turn, call)
  }
}

/** A call of the step has ended, or the step has failed: its next items start, or its failure is felt. */
function callEnded(turn: Turn, step: StepState): void {
  if (step.items === null) {
    if (step.view.status === 'failed')
      stepFailed(turn, step, step.view.error as unknown as ErrorJson)
    return
  }
  const first = step.failedItems[0]
  if (first === undefined) return startItems(turn, step)
  if (step.liveCalls > 0 || step.view.status !== 'running') return
  const error = itemsError(step, first)
  record(turn, { kind: 'StepFailed', step: step.plan.id, error })
  stepFailed(turn, step, error)
}

/** A step has failed for good. */
function stepFailed(turn: Turn, step: StepState, error: ErrorJson): void {
  if (!step.plan.continueOnFailure) decideFailure(turn, step.plan.id, error)
}

function itemsError(
  step: StepState,
  first: { readonly index: number; readonly error: ErrorJson },
): ErrorJson {
  const items = step.failedItems.map(({ index, error }) => ({ index, error: { ...error } }))
  const more = items.length > 1 ? ` and ${items.length - 1} more` : ''
  return {
    ...first.error,
    retryable: false,
    message: `item ${first.index}${more} of step '${step.plan.id}' failed: ${first.error.message}`,
    details: { ...first.error.details, items },
  }
}
