import { durationMsMax, parseDuration } from '../../core/duration.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { Scope } from '../expression/scope.ts'
import type { PlanDuration } from './plan.ts'

/**
 * Milliseconds of a duration in a document.
 *
 * @throws ExpressionError when a template gives neither a duration text nor milliseconds
 */
export function resolveDuration(duration: PlanDuration, scope: () => Scope): number {
  if (typeof duration === 'number') return duration
  const value = duration.evaluate(scope())
  const valueMs = typeof value === 'string' ? parseDuration(value) : value
  if (typeof valueMs === 'number' && valueMs >= 0 && valueMs <= durationMsMax)
    return Math.round(valueMs)
  throw new OrchestrationError(
    'ExpressionError',
    `a duration must be a text such as 30s or milliseconds, not ${JSON.stringify(value)}`,
    { hint: 'give a whole number with ms, s, m, h or d' },
  )
}
