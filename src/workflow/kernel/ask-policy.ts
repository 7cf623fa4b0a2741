import type { PolicyQuestion, PolicyStep } from '../../core/contracts/policy.ts'
import { toErrorJson } from '../../core/errors.ts'
import type { PlanStep, PlanTarget } from '../plan/plan.ts'
import { decideFailure } from './endings.ts'
import { startCall } from './items.ts'
import type { StepState } from './state.ts'
import { definite, record, type Turn } from './turn.ts'

/** Has the policy in force decide about an execution that starts; one that cannot be judged fails. */
export function askAtStart(turn: Turn): void {
  const { policies = null } = turn.moment
  if (policies === null || turn.state.phase !== 'forward') return
  try {
    const decision = policies.decide(questionOf(turn, null))
    if (decision !== null) record(turn, { kind: 'PolicyDecided', decision })
  } catch (thrown) {
    decideFailure(turn, null, definite(toErrorJson(thrown, 'PolicyError')))
  }
}

/**
 * Has the policy in force decide about a step that would begin now.
 *
 * @returns false when it is to wait for an approval
 * @throws PolicyError when a rule cannot be evaluated
 */
export function askForStep(turn: Turn, { plan }: StepState): boolean {
  const decision = turn.moment.policies?.decide(questionOf(turn, stepOf(plan))) ?? null
  if (decision === null) return true
  const event = { kind: 'PolicyDecided', step: plan.id, decision } as const
  const { approval } = decision.values
  if (approval === undefined) {
    record(turn, event)
    return true
  }
  const { timeoutMs } = approval
  const { atMs } = turn.moment
  record(turn, timeoutMs === null ? event : { ...event, dueAtMs: atMs + timeoutMs })
  startCall(turn, { step: plan.id, index: null, undo: null })
  return false
}

function questionOf({ state, moment }: Turn, step: PolicyStep | null): PolicyQuestion {
  const { executionId, plan, startedAtMs, input, tenant, agentCalls, spent } = state
  const { name: workflow, version, metadata } = plan
  return {
    event: state.event,
    tda: moment.tda,
    execution: { id: executionId, workflow, version, metadata, input, tenant, startedAtMs },
    cost: { agentCalls, tokens: spent.tokens, costUsd: spent.costUsd },
    step,
  }
}

function stepOf({ id, work, fallbacks, maxParallel }: PlanStep): PolicyStep {
  const isPassive = work.kind === 'wait' || work.kind === 'sleep'
  const targets = isPassive ? [] : [work, ...fallbacks.map(({ target }) => target)]
  const agents = new Set(targets.flatMap(agentsOf))
  const patterns = targets.flatMap((target) =>
    target.kind === 'pattern' ? [target.spec.pattern] : [],
  )
  const action = actionOf(targets[0])
  return { id, kind: work.kind, patterns, agents: [...agents], action, maxParallel }
}

function agentsOf(target: PlanTarget): readonly string[] {
  if (target.kind === 'agent') return [target.agent]
  return target.kind === 'pattern' ? target.spec.agents : []
}

function actionOf(target: PlanTarget | undefined): string | null {
  if (target?.kind === 'agent') return target.action
  return target?.kind === 'pattern' ? target.spec.action : null
}
