import { OrchestrationError } from '../../core/errors.ts'
import type { Scope } from '../expression/scope.ts'
import type { PlanConcurrency } from '../plan/plan.ts'
import { resolveDuration } from '../plan/resolve-duration.ts'
import type { ScheduledCall } from './events.ts'
import { firstTarget } from './policy-in-force.ts'
import type { StepState } from './state.ts'
import { scopeOf, type Turn } from './turn.ts'

const empty: ScheduledCall = {}
const keyCharactersMax = 200

/**
 * Resolves everything that a call of the step needs from expressions, once for all its attempts.
 *
 * @throws ExpressionError, ExpressionLimitError
 */
export function scheduleCall(turn: Turn, step: StepState, item?: Partial<Scope>): ScheduledCall {
  const { plan } = step
  const { work } = plan
  const scope = () => scopeOf(turn, item)
  const first = firstTarget(step)
  const timeout = first === 0 ? plan.timeout : (plan.fallbacks[first - 1]?.timeout ?? null)
  const timeoutMs = timeout === null ? null : resolveDuration(timeout, scope)
  if (work.kind !== 'sleep' && work.kind !== 'wait')
    return scheduleTargetCall({ step, first, timeoutMs, scope })
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
  readonly first: number
  readonly timeoutMs: number | null
  readonly scope: () => Scope
}

function scheduleTargetCall({ step, first, timeoutMs, scope }: TargetCall): ScheduledCall {
  const { concurrency, fallbacks } = step.plan
  const input = fallbacks[first - 1]?.input ?? step.plan.input
  const value = input.isConstant ? input.evaluate({}) : input.evaluate(scope())
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0
  const call: { -readonly [K in keyof ScheduledCall]: ScheduledCall[K] } = isEmpty
    ? {}
    : { input: value }
  if (timeoutMs !== null) call.timeoutMs = timeoutMs
  if (concurrency !== null) call.slot = slotKey(step.plan.id, concurrency, scope)
  if (first > 0) call.first = first
  return Object.keys(call).length === 0 ? empty : call
}

function slotKey(id: string, { key }: PlanConcurrency, scope: () => Scope): string {
  const value = key.evaluate(key.isConstant ? {} : scope())
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const isName = typeof value !== 'object' && text.length > 0 && text.length <= keyCharactersMax
  if (isName) return text
  throw new OrchestrationError(
    'ExpressionError',
    `concurrency.key of step '${id}' must be a text of 1 to ${keyCharactersMax} characters, not ${text.slice(0, 100)}`,
  )
}
