import { isJsonObject } from '../core/json.ts'
import type { JsonValue } from '../core/json.ts'
import type { OwnerInfo } from '../storage/index.ts'
import type { KnownAgents } from '../workflow/index.ts'
import { askOwner } from './owner-client.ts'

/**
 * The agents of the process that owns a file, as documents are checked against them.
 *
 * @throws OwnerError when it cannot be asked
 */
export async function ownerAgents(owner: OwnerInfo): Promise<KnownAgents> {
  const answer = await askOwner(owner, { method: 'GET', path: '/v1/agents' })
  const listed = isJsonObject(answer) && Array.isArray(answer.agents) ? answer.agents : []
  const actions = new Map<string, readonly string[]>()
  for (const agent of listed as readonly JsonValue[]) {
    if (!isJsonObject(agent)) continue
    const names = Array.isArray(agent.actions) ? agent.actions.flatMap(nameOf) : []
    // Several agents of one type share its work: any of them may have the action.
    for (const name of [agent.agentId, agent.agentType].filter((text) => typeof text === 'string'))
      actions.set(name, [...new Set([...(actions.get(name) ?? []), ...names])])
  }
  return {
    names: [...actions.keys()],
    actionsOf: (agent) => actions.get(agent),
    level: 'error',
  }
}

function nameOf(action: JsonValue): readonly string[] {
  return isJsonObject(action) && typeof action.name === 'string' ? [action.name] : []
}
