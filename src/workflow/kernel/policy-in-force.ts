import type { PatternSpec } from '../../core/contracts/pattern.ts'
import type { PolicyDecision, PolicyKey } from '../../core/contracts/policy.ts'
import { type ErrorJson, OrchestrationError } from '../../core/errors.ts'
import type { Usage } from '../../core/usage.ts'
import type { PlanTarget } from '../plan/plan.ts'
import type { CallState, ExecutionState, StepState } from './state.ts'

/** The document's budget, lowered to what a policy decided when the execution started. */
export function budgetInForce({ plan, policy }: Pick<ExecutionState, 'plan' | 'policy'>): {
  /** Null for any number. */
  readonly agentCallsMax: number | null
  readonly usageMax: Usage
} {
  const budget = policy?.values.budget
  if (budget === undefined) return plan
  const { agentCalls = Infinity, tokens = Infinity, costUsd = Infinity } = budget
  const callsMax = Math.min(plan.agentCallsMax ?? Infinity, agentCalls)
  return {
    agentCallsMax: callsMax === Infinity ? null : callsMax,
    usageMax: {
      tokens: Math.min(plan.usageMax.tokens, tokens),
      costUsd: Math.min(plan.usageMax.costUsd, costUsd),
    },
  }
}

/** Items of a step that may run at a time. */
export function parallelMax({ plan, policy }: StepState): number {
  return Math.min(plan.maxParallel, policy?.values.maxParallel ?? Infinity)
}

/**
 * Which of its targets a step begins with: 0 for its own, else a fallback with the pattern that a policy wants.
 * One that calls by no pattern is left alone.
 *
 * @throws PolicyError when it declares others only
 */
export function firstTarget({ plan, policy }: StepState): number {
  const wanted = policy?.values.pattern
  if (policy === null || wanted === undefined) return 0
  const targets = [plan.work, ...plan.fallbacks.map(({ target }) => target)]
  const patterns = targets.map((target) => (target.kind === 'pattern' ? target.spec.pattern : null))
  const first = patterns.indexOf(wanted)
  if (first >= 0) return first
  const declared = patterns.filter((pattern) => pattern !== null)
  if (declared.length === 0) return 0
  throw forbids(policy, 'pattern', {
    what: `step '${plan.id}' is to work by ${wanted}, and declares ${declared.join(', ')}`,
    hint: `give the step a fallback with that pattern, or ask in the rule: '${wanted}' in step.patterns`,
  })
}

/**
 * A pattern with at least as many votes or answers as a policy wants; patterns that count none are as they were.
 *
 * @throws PolicyError when it has not so many agents
 */
export function specInForce({ step }: CallState, spec: PatternSpec): PatternSpec {
  const { policy, plan } = step
  const { quorum } = spec.options
  const least = policy?.values.quorum
  if (policy === null || least === undefined || typeof quorum !== 'number' || least <= quorum)
    return spec
  if (spec.pattern === 'fanOut' && spec.options['strategy'] !== 'quorum') return spec
  if (least <= spec.agents.length) return { ...spec, options: { ...spec.options, quorum: least } }
  throw forbids(policy, 'quorum', {
    what: `step '${plan.id}' is to have a quorum of ${least}, and has ${spec.agents.length} agents`,
    hint: 'name more agents in the step, or lower the quorum of the rule',
  })
}

/** Why a policy does not let the call start; null when it does. Undoing is never forbidden. */
export function refusalByPolicy({ ref, step }: CallState, target: PlanTarget): ErrorJson | null {
  const { policy, plan } = step
  const allowed = policy?.values.agents
  if (policy === null || allowed === undefined || ref.undo !== null || target.kind !== 'agent')
    return null
  if (allowed.includes(target.agent)) return null
  return forbids(policy, 'agents', {
    what: `step '${plan.id}' must not call agent '${target.agent}', but only ${allowed.join(', ')}`,
    hint: 'call one of these, or allow the agent in the rule',
    details: { agent: target.agent },
  }).toJSON()
}

/** The failure of a step to which somebody has said no. */
export function approvalRefused({ step: { plan, policy, gate } }: CallState): ErrorJson {
  const what = `step '${plan.id}' was not approved`
  if (gate === 'asked') {
    const hint = 'an adaptation asked for it; redrive it to ask again'
    return new OrchestrationError('RefusedError', what, { hint }).toJSON()
  }
  return forbids(policy, 'approval', { what, hint: 'redrive it to ask again' }).toJSON()
}

/** The failure of a step whose approval did not come in time. */
export function approvalLate({ step: { plan, policy }, signal }: CallState): ErrorJson {
  const what = `step '${plan.id}' was not approved in time`
  const hint = `send signal '${signal}' earlier, or raise approval.timeout in the rule`
  return forbids(policy, 'approval', { what, hint }).toJSON()
}

interface Forbidden {
  readonly what: string
  readonly hint: string
  readonly details?: { readonly agent: string }
}

function forbids(
  decision: PolicyDecision | null,
  key: PolicyKey,
  { what, hint, details }: Forbidden,
): OrchestrationError {
  const { policy = null, version = null, rules } = decision ?? {}
  const rule = rules?.[key] ?? null
  return new OrchestrationError(
    'PolicyError',
    `${what}: so says rule '${rule}' of policy '${policy}@${version}'`,
    { hint, details: { policy, version, rule, key, ...details } },
  )
}
