import { AgentRegistry, loadAgentModules } from '../agents/index.ts'
import type { BaseAgent } from '../agents/index.ts'
import { builtinAgents } from '../builtins/index.ts'
import { RouterAgent, RouterService } from '../semantic/index.ts'
import type { KnownAgents } from '../workflow/index.ts'
import type { CommandContext } from './command-context.ts'

/**
 * The agents that a verb has: those of the modules, and the built-in ones whose id no module took.
 *
 * @throws AgentModuleError
 */
export async function agentsOf(
  context: CommandContext,
  modules: readonly string[],
): Promise<readonly BaseAgent[]> {
  const loaded = modules.length === 0 ? [] : await loadAgentModules(modules, { cwd: context.cwd })
  const taken = new Set(loaded.map((agent) => agent.id))
  const others = [...builtinAgents().filter((agent) => !taken.has(agent.id)), ...loaded]
  const router = new RouterAgent(new RouterService({ ...context, agents: () => others }))
  return taken.has(router.id) ? others : [...others, router]
}

/** The router among the agents; undefined where a module's agent has taken its name. */
export function routerOf(agents: readonly BaseAgent[]): RouterService | undefined {
  return agents.find((agent) => agent instanceof RouterAgent)?.service
}

/** The agents as a registry that is not started: for looking names up. */
export function registryOf(agents: readonly BaseAgent[]): AgentRegistry {
  const registry = new AgentRegistry()
  for (const agent of agents) registry.register(agent)
  return registry
}

/** The agents as documents are checked against them. */
export function knownAgents(
  agents: readonly BaseAgent[],
  level: KnownAgents['level'],
): KnownAgents {
  const registry = registryOf(agents)
  return {
    names: registry.names(),
    actionsOf: (agent) => registry.resolve(agent)?.actions,
    level,
  }
}
