import type { AgentListing } from '../../agents/index.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { Api } from '../api.ts'
import { agentList, agentListing, agentParams, quarantineBody } from '../contract/agents.ts'
import { operation, type Operation } from '../operation.ts'
import { notOffered } from '../refusal.ts'

/** Looking at agents. */
export const agentOperations: readonly Operation[] = [
  operation({
    id: 'listAgents',
    method: 'GET',
    path: '/v1/agents',
    tag: 'agents',
    summary: 'The agents of this process, as `aura agents ls` prints them',
    answers: { 200: { description: 'All of them.', schema: agentList } },
    problems: [501],
    handle({ options }) {
      if (options.agents === undefined) {
        throw notOffered('this owner lists no agents', 'use `aura agents ls`')
      }
      return { status: 200, body: { agents: options.agents(), nextCursor: null } }
    },
  }),
  operation({
    id: 'quarantineAgent',
    method: 'POST',
    path: '/v1/agents/{id}/quarantine',
    tag: 'agents',
    summary: 'Keeps new work from an agent where another one can do it',
    params: agentParams,
    body: { schema: quarantineBody },
    answers: { 200: { description: 'The agent as it is now.', schema: agentListing } },
    problems: [400, 404, 501],
    handle(api, { params: { id }, body: { reason, forMs } }) {
      watchOf(api).quarantine(id, reason, forMs ?? undefined)
      return { status: 200, body: agentOf(api, id) }
    },
  }),
  operation({
    id: 'releaseAgent',
    method: 'POST',
    path: '/v1/agents/{id}/release',
    tag: 'agents',
    summary: 'Ends the quarantine of an agent',
    params: agentParams,
    answers: { 200: { description: 'The agent as it is now.', schema: agentListing } },
    problems: [404, 501],
    handle(api, { params: { id } }) {
      watchOf(api).release(id)
      return { status: 200, body: agentOf(api, id) }
    },
  }),
]

function watchOf({ options }: Api) {
  const watch = options.watch?.() ?? null
  if (watch === null)
    throw notOffered('nobody watches the agents of this owner', 'use `aura serve`')
  return watch
}

function agentOf({ options }: Api, id: string): AgentListing {
  const found = options.agents?.().find(({ agentId }) => agentId === id)
  if (found !== undefined) return found
  throw new OrchestrationError('NotFoundError', `there is no agent '${id}'`)
}
