import { type ErrorJson, toErrorJson } from '../../core/errors.ts'
import { callFailed } from './calls.ts'
import type { RefusalReason } from './events.ts'
import { isCounted, mayStart } from './permission.ts'
import { retryDelayMs } from './retries.ts'
import type { CallState } from './state.ts'
import { targetOf } from './target.ts'
import { eventRef, record, type Turn } from './turn.ts'

/**
 * The call did not reach its agent. That is no attempt: it costs nothing and is not counted. It asks again
 * by its retry policy, at most `maxAttempts` times in a row, and never before the refusal says it may help.
 * An open breaker is no reason to wait where a fallback can do the work.
 */
export function refused(
  turn: Turn,
  call: CallState,
  { reason, error }: { readonly reason: RefusalReason; readonly error: ErrorJson },
): void {
  const { state, moment } = turn
  if (!takeAnswer(turn, call)) return
  const target = targetOf(call)
  const mayAskAgain = state.phase === 'forward' || call.ref.undo !== null
  const isLast = call.refusals + 1 >= target.retry.maxAttempts
  const fallsBack = reason === 'breaker' && hasFallback(call)
  if (!error.retryable || !mayAskAgain || isLast || fallsBack) return callFailed(turn, call, error)
  try {
    const times = call.refusals + 1
    const dueAtMs = moment.atMs + retryDelayMs({ turn, call, target, error, times })
    record(turn, { kind: 'CallRefused', ...eventRef(call.ref), reason, dueAtMs, error })
    turn.commands.push({ kind: 'arm', timer: { call: call.ref, dueAtMs } })
  } catch (thrown) {
    callFailed(turn, call, toErrorJson(thrown, 'ExpressionError'))
  }
}

/** `concurrency` is full: the step says that the call is not made then. */
export function leftOut(turn: Turn, call: CallState): void {
  if (!takeAnswer(turn, call)) return
  record(turn, { kind: 'CallSkipped', ...eventRef(call.ref), reason: 'concurrency' })
  turn.touched.push(call.step)
}

/** @returns whether the call still waits for an answer to its request, and may start */
function takeAnswer({ state }: Turn, call: CallState): boolean {
  if (call.status !== 'scheduled' || !call.requested) return false
  call.requested = false
  if (isCounted(call)) state.requestedCalls--
  return mayStart(state, call)
}

function hasFallback({ ref, step, fallback }: CallState): boolean {
  return ref.undo === null && step.plan.fallbacks[fallback] !== undefined
}
