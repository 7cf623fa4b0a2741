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
  if (call.part !== null) {
    const { agent, action, host } = call.part
    return { ...rulesOf(host, call.fallback), target: { kind: 'agent', agent, action } }
  }
  return rulesOf(call, call.fallback)
}

/** Whom a step, or one of its fallbacks, calls. */
function rulesOf({ step: { plan } }: CallState, number: number): Target {
  if (number > 0) {
    const fallback = plan.fallbacks[number - 1]
    invariant(fallback !== undefined, `step '${plan.id}' has no fallback ${number}`)
    return fallback
  }
  const { work, retry, timeout } = plan
  invariant(work.kind !== 'wait' && work.kind !== 'sleep', `step '${plan.id}' calls nobody`)
  return { target: work, retry, timeout }
}

/** The agent and action that a call calls. @throws InternalError when it calls none */
export function agentTargetOf(call: CallState): PlanTarget & { kind: 'agent' } {
  const { target } = targetOf(call)
  invariant(target.kind === 'agent', `'${call.step.plan.id}' calls no agent`)
  return target
}

/** A target as messages name it: `agent.action`, `workflow name@range`, or `pattern name`. */
export function targetLabel(target: PlanTarget): string {
  if (target.kind === 'agent') return `${target.agent}.${target.action}`
  if (target.kind === 'pattern') return `pattern ${target.spec.pattern}`
  return `workflow ${target.name}@${target.range}`
}
