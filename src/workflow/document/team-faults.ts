import type { PatternSpec } from '../../core/contracts/pattern.ts'
import { limits } from '../../core/limits.ts'
import type { PatternFault } from './pattern-faults.ts'
import type { ParsedPatternOptions } from './schema-patterns.ts'

/** What is wrong with the teams of a hierarchy: too small, unknown, endless, too deep. */
export function teamFaults(
  { agents }: Pick<PatternSpec, 'agents'>,
  { teams = {} }: ParsedPatternOptions,
): PatternFault[] {
  const [lead = '', ...workers] = agents
  if (workers.length === 0) {
    const message = 'a hierarchical pattern needs a supervisor and a worker'
    return [{ path: ['agents'], message, found: '1 agent', expected: 'at least 2 agents' }]
  }
  const reached = new Set<string>()
  const fault = endlessFault({ teams, reached, above: [lead], workers })
  if (fault !== null) return [fault]
  return Object.keys(teams)
    .filter((name) => !reached.has(name))
    .map((name) => ({
      path: ['options', 'teams', name],
      message: `'${name}' leads a team and is no worker here`,
      found: name,
      expected: `one of ${[...workers, ...Object.values(teams).flat()].join(', ')}`,
      place: 'key' as const,
    }))
}

interface TeamWalk {
  readonly teams: { readonly [lead: string]: readonly string[] }
  /** Every worker that some team has. */
  readonly reached: Set<string>
  readonly above: readonly string[]
  readonly workers: readonly string[]
}

function endlessFault({ teams, reached, above, workers }: TeamWalk): PatternFault | null {
  for (const [place, worker] of workers.entries()) {
    reached.add(worker)
    const lead = above.at(-1) as string
    const path = ['options', 'teams', lead, place]
    if (above.includes(worker)) {
      const found = [...above.slice(above.indexOf(worker)), worker].join(' → ')
      return { path, message: `'${worker}' would work for itself`, found, expected: 'no cycle' }
    }
    const below = Object.hasOwn(teams, worker) ? teams[worker] : undefined
    if (below === undefined) continue
    if (above.length >= limits.depthOfTeamsMax) {
      const expected = `at most ${limits.depthOfTeamsMax} (depthOfTeamsMax)`
      return { path, message: 'teams are nested too deep', expected }
    }
    const fault = endlessFault({ teams, reached, above: [...above, worker], workers: below })
    if (fault !== null) return fault
  }
  return null
}
