import { OrchestrationError } from '../../core/errors.ts'
import type { Scope } from '../expression/scope.ts'
import { resolveDuration } from '../plan/resolve-duration.ts'
import type { ScheduledCall } from './events.ts'
import type { StepState } from './state.ts'
import { scopeOf, type Turn } from './turn.ts'

const empty: ScheduledCall = {}

/**
 * Resolves everything that a call of the step needs from expressions, once for all its attempts.
 *
 * @throws ExpressionError, ExpressionLimitError
 */
export function scheduleCall(turn: Turn, step: StepState, item?: Partial<Scope>): ScheduledCall {
  const { plan } = step
  const { work } = plan
  const scope = () => scopeOf(turn, item)
  const timeoutMs = plan.timeout === null ? null : resolveDuration(plan.timeout, scope)
  if (work.kind === 'agent' || work.kind === 'workflow')
    return scheduleTargetCall({ step, timeoutMs, scope })
  const { atMs } = turn.moment
  const limit = timeoutMs === null ? Infinity : timeoutMs
  if (work.kind === 'sleep') {
    const sleepMs = resolveDuration(work.duration, scope)
    return limit < sleepMs ? { dueAtMs: atMs + limit, onDue: 'fail' } : { dueAtMs: atMs + sleepMs }
  }
  const signal = work.signal.evaluate(scope())
  if (typeof signal !== 'string' || signal === '') {
    throw new OrchestrationError(
      'ExpressionError',
      `the signal that step '${plan.id}' waits for must be a text, not ${JSON.stringify(signal)}`,
    )
  }
  const waitMs = work.timeout === null ? Infinity : resolveDuration(work.timeout, scope)
  if (waitMs === Infinity && limit === Infinity) return { signal }
  if (limit < waitMs) return { signal, dueAtMs: atMs + limit, onDue: 'fail' }
  return { signal, dueAtMs: atMs + waitMs, onDue: work.onTimeout }
}

interface TargetCall {
  readonly step: StepState
  readonly timeoutMs: number | null
  readonly scope: () => Scope
}

function scheduleTargetCall({ step, timeoutMs, scope }: TargetCall): ScheduledCall {
  const { input } = step.plan
  const value = input.isConstant ? input.evaluate({}) : input.evaluate(scope())
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0
  if (timeoutMs === null) return isEmpty ? empty : { input: value }
  return isEmpty ? { timeoutMs } : { input: value, timeoutMs }
}
