import { parseDuration } from '../../core/duration.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { findOwner } from '../../storage/index.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { askOwner } from '../owner-client.ts'
import { plainText } from '../terminal/width.ts'

export interface QuarantineOptions {
  readonly reason: string
  readonly for?: string
}

/** `aura agents quarantine ID --reason R [--for D]`: keeps new work from an agent of the owner. */
export async function agentsQuarantine(
  context: CommandContext,
  agentId: string,
  { reason, for: duration }: QuarantineOptions,
): Promise<number> {
  const forMs = duration === undefined ? null : parseDuration(duration)
  if (forMs === undefined) {
    throw new OrchestrationError('UsageError', `--for '${duration}' is no duration`, {
      hint: 'write one such as 90s, 10m or 2h',
    })
  }
  return steer(context, agentId, { act: 'quarantine', body: { reason, forMs } })
}

/** `aura agents release ID`: ends its quarantine. */
export function agentsRelease(context: CommandContext, agentId: string): Promise<number> {
  return steer(context, agentId, { act: 'release' })
}

async function steer(
  context: CommandContext,
  agentId: string,
  { act, body }: { readonly act: 'quarantine' | 'release'; readonly body?: JsonObject },
): Promise<number> {
  const { owner } = findOwner(context.databasePath)
  if (owner === null) {
    throw new OrchestrationError('OwnerError', 'nobody works with agents on this file now', {
      hint: 'start `aura serve`: quarantine is of the process that has the agents',
    })
  }
  const path = `/v1/agents/${encodeURIComponent(agentId)}/${act}`
  const agent = await askOwner(owner, {
    method: 'POST',
    path,
    ...(body === undefined ? {} : { body }),
  })
  const done = act === 'quarantine' ? 'gets no new work where another can do it' : 'gets work again'
  if (context.isJson) context.json(agent)
  else context.say(`${plainText(agentId)} ${done}`)
  return exitCodes.done
}
