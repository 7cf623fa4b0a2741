import { toErrorJson } from '../../core/errors.ts'
import { parallelMax } from './policy-in-force.ts'
import { scheduleCall } from './schedule.ts'
import { findCall, type StepState } from './state.ts'
import { definite, record, type Turn } from './turn.ts'
import { deliverKept } from './signals.ts'
import { isPaused } from './permission.ts'

/** Starts items of a step with `forEach` until `maxParallel` are under way, none is left or one failed. */
export function startItems(turn: Turn, step: StepState): void {
  const { state } = turn
  const { items } = step
  if (items === null) return
  while (
    items.next < items.values.length &&
    step.liveCalls < parallelMax(step) &&
    items.failed.length === 0 &&
    state.phase === 'forward' &&
    !isPaused(state)
  ) {
    startItem(turn, step, items.next)
  }
}

function startItem(turn: Turn, step: StepState, index: number): void {
  const ref = { step: step.plan.id, index, undo: null }
  try {
    const call = scheduleCall(turn, step, { item: step.items?.values[index] ?? null, index })
    record(turn, { kind: 'CallScheduled', step: step.plan.id, index, call })
  } catch (thrown) {
    record(turn, { kind: 'CallScheduled', step: step.plan.id, index, call: {} })
    const error = definite(toErrorJson(thrown, 'ExpressionError'))
    record(turn, { kind: 'CallFailed', step: step.plan.id, index, error })
    turn.touched.push(step)
    return
  }
  startCall(turn, ref)
}

/** What follows the scheduling of a call: an agent is asked for, a timer armed, an early signal taken. */
export function startCall(
  turn: Turn,
  ref: { step: string; index: number | null; undo: number | null },
): void {
  const call = findCall(turn.state, ref)
  if (call === undefined) return
  if (call.status === 'scheduled') {
    turn.starting.push(call)
    return
  }
  if (deliverKept(turn, call)) return
  const { dueAtMs } = call
  if (dueAtMs !== null) turn.commands.push({ kind: 'arm', timer: { call: call.ref, dueAtMs } })
}
