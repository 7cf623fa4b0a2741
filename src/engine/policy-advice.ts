import type { PolicyLoad } from '../core/contracts/policy.ts'
import type { PolicyAdviser } from '../workflow/index.ts'
import type { EmbeddedEngineParts } from './engine-parts.ts'
import type { Runner } from './runner.ts'

/** The policy in force as the kernel asks it, with how busy engine and agents are; null without one. */
export function adviserOf(
  { policies = null, agents }: Pick<EmbeddedEngineParts, 'policies' | 'agents'>,
  runner: () => Pick<Runner, 'activeRoots' | 'executions' | 'parking'>,
): PolicyAdviser | null {
  if (policies === null) return null
  return {
    decide(question) {
      const { activeRoots, executions, parking } = runner()
      const load: PolicyLoad = {
        activeExecutions: activeRoots,
        openExecutions: executions.size + parking.size,
        agents: Object.fromEntries((question.step?.agents ?? []).flatMap(loadOf)),
      }
      return policies.decide({ ...question, load })
    },
  }

  function loadOf(name: string): readonly [string, PolicyLoad['agents'][string]][] {
    const agent = agents.resolve(name)
    if (agent === undefined) return []
    return [[name, { running: agent.pool.held, waiting: agent.pool.waiting }]]
  }
}
