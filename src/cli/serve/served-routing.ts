import type { AgentRegistry, BaseAgent } from '../../agents/index.ts'
import type { TdaContextSource } from '../../core/contracts/tda.ts'
import type { ApiServerOptions } from '../../server/index.ts'
import type { Database } from '../../storage/index.ts'
import { routerOf } from '../agents.ts'

export interface ServedRoutingParts {
  readonly agents: readonly BaseAgent[]
  /** Says which of them are available. */
  readonly registry: AgentRegistry
  /** Null: nothing is recorded, so accepting is forgotten with the process. */
  readonly database: Database | null
  readonly feed: TdaContextSource
}

/**
 * Routing as the API offers it, under the TDA context of the moment. The router is trained and stored with
 * the first task, so that nobody waits for it who never routes.
 */
export function servedRouting({
  agents,
  registry,
  database,
  feed,
}: ServedRoutingParts): Pick<ApiServerOptions, 'route'> {
  const router = routerOf(agents)
  if (router === undefined) return {}
  router.watchedBy(registry)
  return {
    async route({ isExplained, accept, ...asked }) {
      const task = { ...asked, tda: feed.current() }
      if (database !== null) {
        await router.save(database)
        if (accept !== null) await router.accept({ ...task, agent: accept }, database)
      }
      return router.answer(task, isExplained)
    },
  }
}
