import { type ErrorJson, OrchestrationError, toErrorJson } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { settleCancelled } from './calls.ts'
import { observeTda } from './checkpoints.ts'
import { settleChild } from './children.ts'
import { compensateNext, hasToUndo } from './compensation.ts'
import { compensationReport } from './compensation-report.ts'
import { isOwn } from './fold-step.ts'
import { isGoingBack, isSettling } from './permission.ts'
import { finishRollback, goesBack, isAwaiting } from './rollback.ts'
import type { ExecutionState } from './state.ts'
import { abortCall, isAwaited, isUnderWay, stopCall } from './stopping.ts'
import { definite, record, scopeOf, type Turn } from './turn.ts'

/** A step failed for good: no step starts any more; calls that do not run are stopped. */
export function decideFailure(turn: Turn, stepId: string | null, error: ErrorJson): void {
  if (turn.state.phase !== 'forward') return
  const where = stepId === null ? '' : `step '${stepId}' failed: `
  record(turn, {
    kind: 'FailureDecided',
    error: {
      ...error,
      message: `${where}${error.message}`,
      retryable: false,
      details: stepId === null ? error.details : { ...error.details, stepId },
    },
  })
  for (const call of turn.state.live) {
    if (call.ref.undo !== null) continue
    if (call.status === 'coordinating') turn.coordinating.push(call)
    if (isUnderWay(call)) continue
    stopCall(turn, call)
    if (isOwn(call)) turn.touched.push(call.step)
  }
}

/** Ends an execution from outside: running attempts are told to stop, everything else is stopped. */
export function settle(turn: Turn, reason: 'cancel' | 'timeout' | 'undo'): void {
  const { state, moment } = turn
  const dueAtMs = moment.atMs + limits.cancelGraceMs
  if (reason === 'timeout') record(turn, { kind: 'ExecutionTimedOut', dueAtMs })
  else if (reason === 'undo') record(turn, { kind: 'CancelRequested', dueAtMs, undo: true })
  else record(turn, { kind: 'CancelRequested', dueAtMs })
  // What is being undone goes on, and a pause does not hold it any more.
  if (!isSettling(state)) return requestHeld(turn)
  for (const call of state.live) {
    // A compensation that is under way comes to its end.
    if (call.ref.undo !== null) {
      if (call.status === 'scheduled') turn.starting.push(call)
    } else if (isAwaited(call)) abortCall(turn, call, reason === 'timeout' ? 'timeout' : 'cancel')
    else stopCall(turn, call)
  }
  if (state.live.size > 0) turn.commands.push({ kind: 'arm', timer: { call: null, dueAtMs } })
}

/** The grace period is over: attempts that still run are given up. */
export function giveUp(turn: Turn): void {
  const { state } = turn
  for (const call of state.live) {
    if (call.ref.undo !== null) continue
    if (state.phase === 'rollingBack' && !goesBack(state, call)) continue
    if (call.status === 'running') turn.commands.push({ kind: 'abandon', call: call.ref })
    if (call.status === 'child') settleChild(turn, call)
    else settleCancelled(turn, call)
  }
}

/** Moves the execution on when what its phase waits for has come. */
export function advanceEnding(turn: Turn): void {
  const { state } = turn
  if (isGoingBack(state)) {
    advanceRollback(turn)
    if (isGoingBack(state)) return
    // Its time ran out on the way back.
    const isOverdue = state.dueAtMs !== null && state.dueAtMs <= turn.moment.atMs
    if (state.phase === 'forward' && isOverdue) settle(turn, 'timeout')
  }
  if (state.phase === 'forward') {
    if (state.unsettled === 0) complete(turn)
    if (state.phase === 'forward') return
  }
  if (state.phase === 'stopping' || isSettling(state)) {
    if (state.live.size > 0 || isToRollBack(turn)) return
    const isUndone = state.plan.onFailure === 'compensate' || state.mustUndo
    if (!isUndone || !hasToUndo(state)) return end(turn)
    // What the feed says by now is what compensations are decided by.
    observeTda(turn)
    record(turn, { kind: 'CompensationStarted' })
  }
  if (state.phase === 'compensating') {
    if (compensateNext(turn)) return
    end(turn)
  }
}

function advanceRollback(turn: Turn): void {
  const { state } = turn
  if (state.phase === 'rollingBack') {
    if (isAwaiting(state)) return
    if (!hasToUndo(state)) return finishRollback(turn)
    record(turn, { kind: 'CompensationStarted' })
    // A compensation that was under way is part of it, and no pause from before holds that.
    requestHeld(turn)
  }
  if (compensateNext(turn)) return
  finishRollback(turn)
  // It was cancelled on the way: what the rollback had left alone is stopped too.
  if (state.result !== 'cancelled') return
  for (const call of state.live) stopCall(turn, call)
}

/** Asks for the rollback that the document wants after a failure; whoever drives the execution finds the checkpoint. */
function isToRollBack({ state, commands }: Turn): boolean {
  const { plan } = state
  if (plan.onFailure !== 'rollback' || state.result !== 'failed' || state.isFailureHandled)
    return false
  if (!state.isRollbackAsked) commands.push({ kind: 'rollBack', to: plan.rollback.to })
  state.isRollbackAsked = true
  return true
}

function complete(turn: Turn): void {
  try {
    record(turn, { kind: 'ExecutionCompleted', output: executionOutput(turn) })
  } catch (thrown) {
    return decideFailure(turn, null, definite(toErrorJson(thrown, 'ExpressionError')))
  }
  turn.commands.push({ kind: 'finished' })
}

function executionOutput(turn: Turn): JsonValue {
  const { state } = turn
  const { plan } = state
  if (plan.output !== null) return plan.output.evaluate(scopeOf(turn))
  const output: Record<string, JsonValue> = {}
  for (const number of plan.leaves) {
    const step = state.steps[number]
    if (step !== undefined) output[step.plan.id] = step.view.output
  }
  return output
}

function end(turn: Turn): void {
  const { state } = turn
  // A compensation was tried again after the end: it ends as it had ended before.
  if (state.result === 'completed')
    record(turn, { kind: 'ExecutionCompleted', output: state.output })
  else recordUnhappyEnd(turn)
  turn.commands.push({ kind: 'finished' })
}

function recordUnhappyEnd(turn: Turn): void {
  const { state } = turn
  const report = compensationReport(state)
  const undone = report === null ? {} : { undone: report }
  if (state.result === 'cancelled')
    record(turn, { kind: 'ExecutionCancelled', error: cancelError(state), ...undone })
  else if (state.timedOut)
    record(turn, { kind: 'ExecutionFailed', error: timeoutError(state), ...undone })
  else
    record(turn, { kind: 'ExecutionFailed', error: state.error ?? cancelError(state), ...undone })
}

function cancelError(state: ExecutionState): ErrorJson {
  return new OrchestrationError(
    'WorkflowCancelledError',
    `execution '${state.executionId}' was cancelled`,
    {
      details: uncertainDetails(state),
    },
  ).toJSON()
}

function timeoutError(state: ExecutionState): ErrorJson {
  const limitMs = (state.dueAtMs ?? state.startedAtMs) - state.startedAtMs
  return new OrchestrationError(
    'WorkflowTimeoutError',
    `execution '${state.executionId}' did not end within ${limitMs} ms (timeout)`,
    { hint: "raise the document's timeout", details: uncertainDetails(state) },
  ).toJSON()
}

function uncertainDetails(state: ExecutionState): JsonObject {
  return { uncertain: state.uncertain }
}

/** Asks again for what pause held back. */
export function requestHeld(turn: Turn): void {
  for (const call of turn.state.live) if (call.status === 'scheduled') turn.starting.push(call)
}
