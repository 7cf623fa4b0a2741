import type { AgentRegistry } from '../../agents/index.ts'
import { AgentMeshController, type AgentMeshOptions } from './agent-mesh-controller.ts'
import { registrySource } from './agent-source.ts'

/** What an engine hands to whoever watches its agents. */
export interface WatchedEngine extends Pick<AgentMeshOptions, 'clock' | 'logger' | 'mesh' | 'tda'> {
  readonly agents: AgentRegistry
}

/**
 * Has a controller watch the agents of an engine, from now on.
 *
 * @example
 * await openEngine({ agents, watch: (host) => watchAgents(host, { lookEveryMs: 5_000 }) })
 */
export function watchAgents(
  { agents, ...host }: WatchedEngine,
  settings: Omit<Partial<AgentMeshOptions>, 'source'> = {},
): AgentMeshController {
  const controller = new AgentMeshController({
    source: registrySource(agents),
    ...host,
    ...settings,
  })
  controller.start()
  return controller
}
