import { invariant } from '../../core/assert.ts'
import type { PlanDuration, PlanRetry, PlanTarget } from '../plan/plan.ts'
import type { CallState } from './state.ts'

/** Whom a call calls now, and under which rules: the step itself, one of its fallbacks, or its compensation. */
export interface Target extends PlanTarget {
  readonly retry: PlanRetry
  readonly timeout: PlanDuration | null
}

/** @throws InternalError when the call calls nobody (a sleep or a wait) */
export function targetOf(call: CallState): Target {
  const { plan } = call.step
  if (call.ref.undo !== null) {
    invariant(plan.compensate !== null, `step '${plan.id}' has no compensation`)
    return plan.compensate
  }
  if (call.fallback > 0) {
    const fallback = plan.fallbacks[call.fallback - 1]
    invariant(fallback !== undefined, `step '${plan.id}' has no fallback ${call.fallback}`)
    return fallback
  }
  invariant(plan.work.kind === 'agent', `step '${plan.id}' calls no agent`)
  return {
    agent: plan.work.agent,
    action: plan.work.action,
    retry: plan.retry,
    timeout: plan.timeout,
  }
}

/** `agent.action` of a target, as messages name it. */
export function targetLabel(target: PlanTarget): string {
  return `${target.agent}.${target.action}`
}
