import { OrchestrationError } from '../../core/errors.ts'
import type { TdaContext } from '../../core/contracts/tda.ts'
import type { SemanticEvent } from '../matcher/semantic-event.ts'
import { textsOf } from '../matcher/event-text.ts'
import type { OrchestratedAgent, TaskRouter } from './orchestrator-ports.ts'

/** Agents that one event is given to, at most. */
const agentsMax = 5

export interface AgentChoice {
  readonly event: Required<SemanticEvent>
  readonly tda: TdaContext
  /** What will be called of each. */
  readonly action: string
  readonly agents: readonly OrchestratedAgent[]
  /** The only ones that may be chosen; null for all. */
  readonly allowed: readonly string[] | null
  /** Null: chosen by hints, then in their order. */
  readonly router: TaskRouter | null
}

/**
 * The agents for an event, the likeliest first: those that its hints name, then those that the router finds by
 * its texts, then any that can do it.
 *
 * @param needed so many at least
 * @throws AgentUnavailableError when there are fewer that have the action and are allowed
 */
export async function chooseAgents(
  choice: AgentChoice,
  needed: number,
): Promise<readonly string[]> {
  const { event, action, agents, allowed } = choice
  const able = agents
    .filter((agent) => agent.actions.includes(action))
    .map(({ id }) => id)
    .filter((id) => allowed === null || allowed.includes(id))
  if (able.length < needed) {
    const among = allowed === null ? '' : ` among ${allowed.join(', ')}`
    throw new OrchestrationError(
      'AgentUnavailableError',
      `event '${event.eventId}' needs ${needed} ${needed === 1 ? 'agent' : 'agents'} with action '${action}'${among}, and there are ${able.length}`,
      { hint: 'register agents that have it, or name another action' },
    )
  }
  const hinted = event.routingHints.filter((hint) => able.includes(hint))
  const routed = await routedTo(choice, able)
  return [...new Set([...hinted, ...routed, ...able])].slice(0, Math.max(agentsMax, needed))
}

async function routedTo(
  { event, tda, router }: AgentChoice,
  candidates: readonly string[],
): Promise<readonly string[]> {
  const text = [...textsOf(event.semanticContext).texts, ...event.routingHints].join(' ')
  if (router === null || candidates.length < 2 || text === '') return []
  const { agent = null, runnersUp } = await router.route({ text, tda, candidates })
  const others = runnersUp.map((one) => one.agent)
  return agent === null ? others : [agent, ...others]
}
