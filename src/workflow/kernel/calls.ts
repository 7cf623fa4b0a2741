import { isRefusal } from '../../core/contracts/policy.ts'
import { type ErrorJson, OrchestrationError, toErrorJson } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import { resolveDuration } from '../plan/resolve-duration.ts'
import { expectBool } from '../expression/expect.ts'
import { callLabel } from './call-ref.ts'
import { isOwn } from './fold-step.ts'
import { partsOf } from './revive.ts'
import type { ScheduledCall } from './events.ts'
import { approvalRefused } from './policy-in-force.ts'
import type { CallState } from './state.ts'
import { targetLabel, targetOf } from './target.ts'
import { callScope, definite, eventRef, record, type Turn } from './turn.ts'

/** A call has succeeded with `raw`: it polls again, or `outputs` makes the step's output of it. */
export function completeCall(turn: Turn, call: CallState, raw: JsonValue): void {
  if (call.isApproval) return approvalAnswered(turn, call, raw)
  if (!isOwn(call)) {
    return record(turn, { kind: 'CallCompleted', ...eventRef(call.ref), output: raw })
  }
  const { plan } = call.step
  try {
    if (plan.repeat !== null && call.fallback === 0 && !isPolledEnough(turn, call, raw)) return
    const output =
      plan.outputs === null ? raw : plan.outputs.evaluate(callScope(turn, call, { output: raw }))
    const completed = { kind: 'CallCompleted', ...eventRef(call.ref), output } as const
    const isUndoable = plan.compensate !== null && call.status !== 'coordinating'
    const keepsRaw = plan.outputs !== null && isUndoable
    record(turn, keepsRaw ? { ...completed, raw } : completed)
  } catch (thrown) {
    const error = definite(toErrorJson(thrown, 'ExpressionError'))
    record(turn, { kind: 'CallFailed', ...eventRef(call.ref), error, raw })
  }
  turn.touched.push(call.step)
}

/** A call has failed and is not tried again: a fallback takes over, or the step feels it. */
export function callFailed(turn: Turn, call: CallState, error: ErrorJson): void {
  const mayFallBack = isOwn(call) && !call.isApproval && turn.state.phase === 'forward'
  if (mayFallBack && fallBack(turn, call, error)) return
  record(turn, { kind: 'CallFailed', ...eventRef(call.ref), error: definite(error) })
  if (isOwn(call)) turn.touched.push(call.step)
}

/** A step that a policy has made wait is begun, or fails since somebody has said no. */
function approvalAnswered(turn: Turn, call: CallState, data: JsonValue): void {
  if (!isRefusal(data)) return record(turn, { kind: 'StepApproved', step: call.ref.step })
  callFailed(turn, call, approvalRefused(call))
}

/** Ends a call of an execution that is being ended; what its attempt did is unknown unless it only read. */
export function settleCancelled(turn: Turn, call: CallState): void {
  const isUnknown = call.status === 'uncertain' || (call.attempt > 0 && call.effect !== 'read')
  record(turn, {
    kind: 'CallCancelled',
    ...eventRef(call.ref),
    ...(isUnknown ? { unknown: true } : {}),
  })
}

/** @returns false when another poll was scheduled */
function isPolledEnough(turn: Turn, call: CallState, raw: JsonValue): boolean {
  const { repeat } = call.step.plan
  if (repeat === null) return true
  const scope = callScope(turn, call, { output: raw })
  if (expectBool(repeat.until.evaluate(scope), 'repeat.until')) return true
  if (call.poll >= repeat.timesMax) {
    throw new OrchestrationError(
      'RepeatLimitError',
      `'${callLabel(call.ref)}' was polled ${repeat.timesMax} times (repeat.maxTimes) and 'until' never became true`,
      { hint: 'raise repeat.maxTimes or repeat.delay' },
    )
  }
  if (turn.state.phase !== 'forward') {
    record(turn, { kind: 'CallCancelled', ...eventRef(call.ref) })
    return false
  }
  const dueAtMs = turn.moment.atMs + resolveDuration(repeat.delay, () => scope)
  record(turn, { kind: 'PollCompleted', ...eventRef(call.ref), output: raw, dueAtMs })
  turn.commands.push({ kind: 'arm', timer: { call: call.ref, dueAtMs } })
  return false
}

/** @returns false when the step has no fallback left */
function fallBack(turn: Turn, call: CallState, error: ErrorJson): boolean {
  const fallback = call.step.plan.fallbacks[call.fallback]
  if (fallback === undefined) return false
  const scope = () => callScope(turn, call)
  const scheduled: { -readonly [K in keyof ScheduledCall]: ScheduledCall[K] } = {}
  try {
    if (fallback.input !== null) scheduled.input = fallback.input.evaluate(scope())
    if (fallback.timeout !== null) scheduled.timeoutMs = resolveDuration(fallback.timeout, scope)
  } catch (thrown) {
    const failed = definite(toErrorJson(thrown, 'ExpressionError'))
    record(turn, { kind: 'CallFailed', ...eventRef(call.ref), error: failed })
    turn.touched.push(call.step)
    return true
  }
  record(turn, {
    kind: 'FallbackScheduled',
    ...eventRef(call.ref),
    fallback: call.fallback + 1,
    call: scheduled,
    error,
  })
  turn.starting.push(call)
  for (const part of partsOf(call)) turn.starting.push(part)
  return true
}

/** A call that is resolved as failed fails for good, as its agent would have said it. */
export function resolvedAsFailed(call: CallState): ErrorJson {
  return new OrchestrationError(
    'ResolvedFailedError',
    `'${callLabel(call.ref)}' (${targetLabel(targetOf(call).target)}) was resolved as failed`,
  ).toJSON()
}
