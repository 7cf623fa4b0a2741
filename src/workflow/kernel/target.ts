import { invariant } from '../../core/assert.ts'
import type { PlanDuration, PlanRetry, PlanTarget } from '../plan/plan.ts'
import type { CallState } from './state.ts'

/** Whom a call calls now, and under which rules: the step itself, one of its fallbacks, or its compensation. */
export interface Target {
  readonly target: PlanTarget
  readonly retry: PlanRetry
  readonly timeout: PlanDuration | null
}

/** @throws InternalError when the call calls nobody: a sleep, a wait, the undoing of a sub-workflow */
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
  const { work, retry, timeout } = plan
  invariant(work.kind === 'agent' || work.kind === 'workflow', `step '${plan.id}' calls nobody`)
  return { target: work, retry, timeout }
}

/** The agent and action that a call calls. @throws InternalError when it calls none */
export function agentTargetOf(call: CallState): PlanTarget & { kind: 'agent' } {
  const { target } = targetOf(call)
  invariant(target.kind === 'agent', `'${call.step.plan.id}' calls no agent`)
  return target
}

/** A target as messages name it: `agent.action`, or `workflow name@range`. */
export function targetLabel(target: PlanTarget): string {
  return target.kind === 'agent'
    ? `${target.agent}.${target.action}`
    : `workflow ${target.name}@${target.range}`
}
