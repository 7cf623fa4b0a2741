import { type ErrorJson, OrchestrationError, toErrorJson } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { withdrawRequest } from './attempts.ts'
import { settleCancelled } from './calls.ts'
import { compensateNext } from './compensation.ts'
import { isSettling } from './permission.ts'
import type { CallState, ExecutionState } from './state.ts'
import { definite, eventRef, record, scopeOf, type Turn } from './turn.ts'

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
    if (isUnderWay(call)) continue
    stopCall(turn, call)
    turn.touched.push(call.step)
  }
}

/** Ends an execution from outside: running attempts are told to stop, everything else is stopped. */
export function settle(turn: Turn, reason: 'cancel' | 'timeout'): void {
  const { state, moment } = turn
  const dueAtMs = moment.atMs + limits.cancelGraceMs
  record(
    turn,
    reason === 'cancel'
      ? { kind: 'CancelRequested', dueAtMs }
      : { kind: 'ExecutionTimedOut', dueAtMs },
  )
  // What is being undone goes on, and a pause does not hold it any more.
  if (!isSettling(state)) return requestHeld(turn)
  for (const call of state.live) {
    if (call.status === 'running' || call.status === 'lookingUp') abort(turn, call, reason)
    else stopCall(turn, call)
  }
  if (state.live.size > 0) turn.commands.push({ kind: 'arm', timer: { call: null, dueAtMs } })
}

/** The grace period is over: attempts that still run are given up. */
export function giveUp(turn: Turn): void {
  for (const call of turn.state.live) {
    if (call.status === 'running') turn.commands.push({ kind: 'abandon', call: call.ref })
    settleCancelled(turn, call)
  }
}

/** Moves the execution on when what its phase waits for has come. */
export function advanceEnding(turn: Turn): void {
  const { state } = turn
  if (state.phase === 'forward') {
    if (state.unsettled === 0) complete(turn)
    if (state.phase === 'forward') return
  }
  if (state.phase === 'stopping' || isSettling(state)) {
    if (state.live.size > 0) return
    if (state.plan.onFailure === 'compensate' && state.undo.length > 0)
      record(turn, { kind: 'CompensationStarted' })
    else return end(turn)
  }
  if (state.phase === 'compensating') {
    if (compensateNext(turn)) return
    end(turn)
  }
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
  if (state.result === 'cancelled')
    record(turn, { kind: 'ExecutionCancelled', error: cancelError(state) })
  else if (state.timedOut) record(turn, { kind: 'ExecutionFailed', error: timeoutError(state) })
  else record(turn, { kind: 'ExecutionFailed', error: state.error ?? cancelError(state) })
  turn.commands.push({ kind: 'finished' })
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

/** Such a call is awaited before anything is undone. */
function isUnderWay(call: CallState): boolean {
  if (call.status === 'scheduled') return call.isLost
  return call.status === 'running' || call.status === 'lookingUp' || call.status === 'uncertain'
}

function stopCall(turn: Turn, call: CallState): void {
  withdrawRequest(turn, call)
  const { dueAtMs } = call
  const isTimed = dueAtMs !== null && call.status !== 'scheduled'
  const isUnknown = call.status === 'uncertain' || (call.isLost && call.effect !== 'read')
  record(turn, {
    kind: 'CallCancelled',
    ...eventRef(call.ref),
    ...(isUnknown ? { unknown: true } : {}),
  })
  if (isTimed) turn.commands.push({ kind: 'disarm', timer: { call: call.ref, dueAtMs } })
}

function abort(turn: Turn, call: CallState, reason: 'cancel' | 'timeout'): void {
  if (call.status !== 'running' || call.aborting) return
  call.aborting = true
  turn.commands.push({ kind: 'abort', call: call.ref, token: call.token, reason })
}

/** Asks again for what pause held back. */
export function requestHeld(turn: Turn): void {
  for (const call of turn.state.live) if (call.status === 'scheduled') turn.starting.push(call)
}
