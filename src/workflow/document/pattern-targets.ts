import type { PatternSpec } from '../../core/contracts/pattern.ts'
import type { Path } from './problem.ts'

/** An action of an agent that a pattern may call. */
export interface PatternTarget {
  readonly agent: string
  readonly action: string
  /** Where its step names the agent. */
  readonly at: Path
}

/** Everything that a pattern may call. */
export function patternTargets(spec: PatternSpec): readonly PatternTarget[] {
  const { pattern, agents, action, options } = spec
  if (pattern === 'hierarchical') return teamTargets(spec)
  const own = agents.map((agent, index) => ({ agent, action, at: ['agents', index] }))
  if (pattern !== 'fanOut' || options['reduce'] === null) return own
  const reduce = options['reduce'] as { readonly agent: string; readonly action: string }
  return [...own, { ...reduce, at: ['options', 'reduce'] }]
}

function teamTargets({ agents, options }: PatternSpec): readonly PatternTarget[] {
  const { plan, work, review } = options['actions'] as { readonly [phase: string]: string }
  const teams = options['teams'] as { readonly [lead: string]: readonly string[] }
  const members = [
    ...agents.map((agent, index) => ({ agent, at: ['agents', index] })),
    ...Object.entries(teams).flatMap(([lead, team]) =>
      team.map((agent, index) => ({ agent, at: ['options', 'teams', lead, index] })),
    ),
  ]
  return members.flatMap(({ agent, at }): readonly PatternTarget[] => {
    const leads = agent === agents[0] || Object.hasOwn(teams, agent)
    const actions = leads ? new Set([plan, review]) : [work]
    return Array.from(actions, (action) => ({ agent, action: action as string, at }))
  })
}
