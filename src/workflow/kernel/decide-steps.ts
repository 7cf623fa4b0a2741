import { OrchestrationError, toErrorJson } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import { expectBool, expectList } from '../expression/expect.ts'
import { askForApproval } from './adapt.ts'
import { askForStep } from './ask-policy.ts'
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
  // What was approved was looked at when the approval was asked for.
  const isJudged = step.policy !== null || step.gate === 'passed'
  if (!isJudged && !judge(turn, step)) return
  if (askForApproval(turn, step)) begin(turn, step)
}

/** @returns false when the step is skipped, has failed, or waits for the approval that a policy wants */
function judge(turn: Turn, step: StepState): boolean {
  const { plan } = step
  const { id } = plan
  if (plan.needs.length > 0 && step.needsSkipped === plan.needs.length && !plan.runWhenSkipped) {
    record(turn, { kind: 'StepSkipped', step: id, reason: 'needs' })
    return false
  }
  try {
    if (
      plan.when !== null &&
      !expectBool(plan.when.evaluate(scopeOf(turn)), `when of step '${id}'`)
    ) {
      record(turn, { kind: 'StepSkipped', step: id, reason: 'when' })
      return false
    }
    return askForStep(turn, step)
  } catch (thrown) {
    failUndecided(turn, step, thrown)
    return false
  }
}

/** Begins a step that nothing speaks against: with items they follow one by one, else its only call. */
function begin(turn: Turn, step: StepState): void {
  const { plan } = step
  const { id } = plan
  try {
    if (plan.forEach === null) {
      record(turn, { kind: 'StepScheduled', step: id, call: scheduleCall(turn, step) })
    } else {
      const items = expectList(plan.forEach.evaluate(scopeOf(turn)), `forEach of step '${id}'`)
      checkItems(id, items.length)
      record(turn, { kind: 'StepScheduled', step: id, items })
    }
  } catch (thrown) {
    return failUndecided(turn, step, thrown)
  }
  if (plan.forEach === null) startCall(turn, { step: id, index: null, undo: null })
  else startItems(turn, step)
}

function failUndecided(turn: Turn, step: StepState, thrown: unknown): void {
  const error = definite(toErrorJson(thrown, 'ExpressionError'))
  record(turn, { kind: 'StepFailed', step: step.plan.id, error })
  turn.touched.push(step)
}

function checkItems(id: string, count: number): void {
  if (count <= limits.itemsMax) return
  throw new OrchestrationError(
    'ExpressionLimitError',
    `forEach of step '${id}' gave ${count} items; itemsMax is ${limits.itemsMax}`,
    { hint: 'hand over fewer items, or lists of them' },
  )
}
