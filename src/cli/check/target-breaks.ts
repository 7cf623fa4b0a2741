import { graphTarget } from '../../core/contracts/graph.ts'
import { nearestHint } from '../../core/nearest.ts'
import { type FallbackDocument, patternTargets, type StepDocument } from '../../workflow/index.ts'
import type { AgentLookup, Break } from './break.ts'

/** One agent and action that a step may call. */
export interface StepTarget {
  readonly agent: string
  readonly action: string
  /** What for. */
  readonly as: 'call' | 'fallback' | 'compensation'
}

/** Everything that a step may call: itself, its fallbacks in order, its compensation. */
export function targetsOf(step: StepDocument): readonly StepTarget[] {
  const own = calledBy(step, 'call')
  const fallbacks = step.fallback.flatMap((entry) => calledBy(entry, 'fallback'))
  const { compensate } = step
  const undo: StepTarget[] =
    compensate === null
      ? []
      : [{ agent: compensate.agent, action: compensate.action, as: 'compensation' }]
  return [...own, ...fallbacks, ...undo]
}

function calledBy(
  target: StepDocument | FallbackDocument,
  as: 'call' | 'fallback',
): readonly StepTarget[] {
  if ('graph' in target) return [{ ...graphTarget(target.graph), as }]
  if ('agent' in target) return [{ agent: target.agent, action: target.action, as }]
  if (!('pattern' in target)) return []
  return patternTargets(target).map(({ agent, action }) => ({ agent, action, as }))
}

/** What is wrong with a target; null when the modules have it. */
export function targetBreak(
  target: StepTarget,
  agents: AgentLookup,
  at: { readonly executionId: string | null; readonly stepId: string },
): Break | null {
  const { agent, action } = target
  const what =
    target.as === 'call'
      ? `step '${at.stepId}' calls`
      : `the ${target.as} of step '${at.stepId}' calls`
  const actions = agents.actionsOf(agent)
  if (actions === undefined) {
    const hint =
      nearestHint(agent, agents.names) ??
      (agents.hasModules
        ? 'keep it, or put it into one of the modules'
        : 'hand the modules over with --agents')
    return {
      ...at,
      kind: 'agentMissing',
      message: `${what} agent '${agent}', which is not there`,
      hint,
    }
  }
  if (actions.includes(action)) return null
  const message = `${what} action '${action}' of agent '${agent}', which it does not have`
  const hint = nearestHint(action, actions) ?? `it has ${actions.join(', ')}`
  return { ...at, kind: 'actionMissing', message, hint }
}
