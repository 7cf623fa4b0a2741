import type { AgentRegistry, AgentState, BaseAgent } from '../../agents/index.ts'

/** How busy an agent is. */
export interface AgentLoad {
  readonly running: number
  readonly waiting: number
  readonly maxConcurrent: number
}

/** An agent that somebody offers, wherever it runs. */
export interface MeshAgent {
  readonly agentId: string
  readonly agentType: string
  readonly capabilities: readonly string[]
  /** As of now. */
  readonly state: AgentState
  readonly load: AgentLoad
  /** Null where it has no circuit breaker. */
  readonly breaker: 'closed' | 'open' | 'halfOpen' | null
  /** Asks it how it is. Never rejects. */
  health(): Promise<{ readonly healthy: boolean; readonly reason: string | null }>
}

/** Where agents are found: the registry of this process, or hosts elsewhere. */
export interface AgentSource {
  /** Every agent that is offered now. */
  agents(): readonly MeshAgent[]
}

/** The agents of this process. */
export function registrySource(registry: Pick<AgentRegistry, 'agents'>): AgentSource {
  return { agents: () => registry.agents().map(offered) }
}

function offered(agent: BaseAgent): MeshAgent {
  const { id: agentId, type: agentType, capabilities } = agent
  return {
    agentId,
    agentType,
    capabilities,
    get state() {
      return agent.state
    },
    get load() {
      const { held, waiting, maxConcurrent } = agent.pool
      return { running: held, waiting, maxConcurrent }
    },
    get breaker() {
      return agent.pool.breaker?.view.state ?? null
    },
    health: () => agent.health(),
  }
}
