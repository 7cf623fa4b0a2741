import { agentList } from '../contract/agents.ts'
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
]
