import { OrchestrationError } from '../../core/errors.ts'
import type { Plan } from '../../workflow/index.ts'

/**
 * Refuses a document that asks for what only the embedded engine does, before anything has started.
 *
 * @throws RefusedError that names each part with its step
 */
export function refuseUnsupported(plan: Plan): void {
  const found = [...unsupportedInPlan(plan), ...plan.steps.flatMap(unsupportedInStep)]
  if (found.length === 0) return
  throw new OrchestrationError(
    'RefusedError',
    `workflow '${plan.name}' needs what the Temporal engine does not have: ${found.join('; ')}`,
    { hint: 'run it with the embedded engine, or take that out', details: { unsupported: found } },
  )
}

function unsupportedInPlan({ onFailure, usageMax }: Plan): readonly string[] {
  const { tokens, costUsd } = usageMax
  return [
    ...(onFailure === 'rollback' ? ['onFailure: rollback'] : []),
    ...(tokens === Infinity && costUsd === Infinity ? [] : ['a budget of tokens or costUsd']),
  ]
}

function unsupportedInStep(step: Plan['steps'][number]): readonly string[] {
  const targets = [step.work, ...step.fallbacks, step.compensate].map((part) =>
    part === null ? null : 'target' in part ? part.target : part,
  )
  const isParent = targets.some((target) => target?.kind === 'workflow')
  return [
    ...(step.concurrency === null ? [] : [`concurrency of step '${step.id}'`]),
    ...(isParent ? [`the sub-workflow of step '${step.id}'`] : []),
  ]
}
