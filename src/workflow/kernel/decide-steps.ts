import { OrchestrationError, toErrorJson } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import { expectBool, expectList } from '../expression/expect.ts'
import { startCall, startItems } from './items.ts'
import { scheduleCall } from './schedule.ts'
import type { StepState } from './state.ts'
import { definite, record, scopeOf, type Turn } from './turn.ts'

/** Decides every step whose needs have settled, in the order in which they became ready. */
export function decideSteps(turn: Turn): void {
  const { state } = turn
  for (let next = state.ready[0]; next !== undefined; next = state.ready[0]) {
    if (state.phase !== 'forward' || state.paused) return
    decideStep(turn, state.steps[next] as StepState)
  }
}

/** Skipped needs, then `when`, then `forEach`, then the input: each is looked at once. */
function decideStep(turn: Turn, step: StepState): void {
  const { plan } = step
  const { id } = plan
  if (plan.needs.length > 0 && step.needsSkipped === plan.needs.length && !plan.runWhenSkipped) {
    return record(turn, { kind: 'StepSkipped', step: id, reason: 'needs' })
  }
  try {
    if (
      plan.when !== null &&
      !expectBool(plan.when.evaluate(scopeOf(turn)), `when of step '${id}'`)
    ) {
      return record(turn, { kind: 'StepSkipped', step: id, reason: 'when' })
    }
    if (plan.forEach === null) {
      record(turn, { kind: 'StepScheduled', step: id, call: scheduleCall(turn, step) })
    } else {
      const items = expectList(plan.forEach.evaluate(scopeOf(turn)), `forEach of step '${id}'`)
      checkItems(id, items.length)
      record(turn, { kind: 'StepScheduled', step: id, items })
    }
  } catch (thrown) {
    const error = definite(toErrorJson(thrown, 'ExpressionError'))
    record(turn, { kind: 'StepFailed', step: id, error })
    turn.touched.push(step)
    return
  }
  if (plan.forEach === null) startCall(turn, { step: id, index: null, undo: null })
  else startItems(turn, step)
}

function checkItems(id: string, count: number): void {
  if (count <= limits.itemsMax) return
  throw new OrchestrationError(
    'ExpressionLimitError',
    `forEach of step '${id}' gave ${count} items; itemsMax is ${limits.itemsMax}`,
    { hint: 'hand over fewer items, or lists of them' },
  )
}
