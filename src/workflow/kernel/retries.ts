import { type ErrorJson, toErrorJson } from '../../core/errors.ts'
import { resolveDuration } from '../plan/resolve-duration.ts'
import { callFailed } from './calls.ts'
import type { CallState } from './state.ts'
import { type Target, targetOf } from './target.ts'
import { callScope, eventRef, record, type Turn } from './turn.ts'

/** The attempt has failed for certain: it is tried again, or the call has failed. */
export function attemptFailed(turn: Turn, call: CallState, error: ErrorJson): void {
  const { state, moment } = turn
  const target = targetOf(call)
  const mayRetry = state.phase === 'forward' || call.ref.undo !== null
  if (!error.retryable || !mayRetry || call.attempt >= target.retry.maxAttempts) {
    return callFailed(turn, call, error)
  }
  try {
    const dueAtMs = moment.atMs + retryDelayMs({ turn, call, target, error, times: call.attempt })
    record(turn, { kind: 'RetryScheduled', ...eventRef(call.ref), dueAtMs, error })
    turn.commands.push({ kind: 'arm', timer: { call: call.ref, dueAtMs } })
  } catch (thrown) {
    callFailed(turn, call, toErrorJson(thrown, 'ExpressionError'))
  }
}

interface Retried {
  readonly turn: Turn
  readonly call: CallState
  readonly target: Target
  readonly error: ErrorJson
  /** How often it was tried in vain, from 1. */
  readonly times: number
}

/** Exponential backoff with jitter around the interval; never earlier than the agent asked for. */
export function retryDelayMs({ turn, call, target, error, times }: Retried): number {
  const { retry } = target
  const scope = () => callScope(turn, call)
  const baseMs = resolveDuration(retry.initialInterval, scope) * retry.backoff ** (times - 1)
  const cappedMs = Math.min(baseMs, resolveDuration(retry.maxInterval, scope))
  const variedMs = cappedMs * (1 + retry.jitter * (2 * turn.moment.random() - 1))
  const askedMs = error.details?.['retryAfterMs']
  return Math.round(Math.max(variedMs, typeof askedMs === 'number' ? askedMs : 0))
}
