import type { AgentListing } from '../../agents/index.ts'
import { formatDuration } from '../../core/duration.ts'
import { isJsonObject } from '../../core/json.ts'
import { findOwner } from '../../storage/index.ts'
import { askOwner } from '../owner-client.ts'
import { agentsOf, registryOf } from '../agents.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { momentText } from '../terminal/duration-text.ts'
import { tableLines } from '../terminal/table.ts'
import { plainText } from '../terminal/width.ts'

/**
 * `aura agents ls`: the agents of the process that owns the file, with their load and circuit breakers;
 * without one, or with modules, the built-in agents and those of the modules.
 */
export async function agentsLs(
  context: CommandContext,
  modules: readonly string[],
): Promise<number> {
  const agents =
    (modules.length === 0 ? await agentsOfOwner(context) : null) ??
    registryOf(await agentsOf(context, modules)).list()
  if (context.isJson) context.json({ agents })
  else context.say(listing(context, agents))
  return exitCodes.done
}

/** Null without an owner, or when it does not tell. */
async function agentsOfOwner(context: CommandContext): Promise<readonly AgentListing[] | null> {
  const { owner } = findOwner(context.databasePath)
  if (owner === null) return null
  try {
    const answer = await askOwner(owner, { method: 'GET', path: '/v1/agents' })
    const agents = isJsonObject(answer) ? answer['agents'] : undefined
    return Array.isArray(agents) ? agents : null
  } catch {
    return null // `aura run` has no such list, and an owner may just be leaving
  }
}

/** What keeps an agent from work, the gravest first; empty where nothing does. */
function troubleText(agent: AgentListing): string {
  const { quarantine, health, state, reason } = agent
  if (quarantine != null) {
    const { cause, reason: why, isProbing, untilMs } = quarantine
    const until = untilMs === null ? '' : ` until ${momentText(untilMs)}`
    return `${isProbing ? 'tried out after quarantine' : `quarantined${until}`} (${cause}): ${why}`
  }
  const breaker = breakerText(agent)
  if (breaker !== '') return breaker
  if (state === 'quarantined') return `not started: ${reason ?? 'its start failed'}`
  return health === 'unhealthy' ? `unhealthy${reason === null ? '' : `: ${reason}`}` : ''
}

function loadText({ running, waiting }: AgentListing): string {
  if (running + waiting === 0) return ''
  return ` ${running} running${waiting === 0 ? '' : `, ${waiting} waiting`}`
}

function breakerText({ breaker }: AgentListing): string {
  if (breaker === null || breaker.state === 'closed') return ''
  if (breaker.state === 'halfOpen') return 'breaker half-open: one call tries it out'
  return `breaker open for ${formatDuration(Math.ceil(breaker.opensInMs / 1_000) * 1_000)}`
}

function listing(context: CommandContext, agents: readonly AgentListing[]): string {
  const paint = context.paintOut
  const rows = agents.flatMap((agent) => [
    [
      paint.bold(plainText(agent.agentId)),
      `${agent.transport}${loadText(agent)}`,
      troubleText(agent) === ''
        ? paint.dim(plainText(agent.description ?? ''))
        : paint.red(plainText(troubleText(agent))),
    ],
    ...agent.actions.map((action) => [
      `  .${action.name}`,
      action.effect,
      paint.dim(action.hasLookup ? 'tells the outcome of an unknown call' : ''),
    ]),
  ])
  return tableLines(rows, context.stdout).join('\n')
}
