import type { AgentListing } from '../../agents/index.ts'
import { agentsOf, registryOf } from '../agents.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { tableLines } from '../terminal/table.ts'
import { plainText } from '../terminal/width.ts'

/** `aura agents ls`: the built-in agents and those of the modules, with their actions. */
export async function agentsLs(
  context: CommandContext,
  modules: readonly string[],
): Promise<number> {
  const agents = registryOf(await agentsOf(context, modules)).list()
  if (context.isJson) context.json({ agents })
  else context.say(listing(context, agents))
  return exitCodes.done
}

function listing(context: CommandContext, agents: readonly AgentListing[]): string {
  const paint = context.paintOut
  const rows = agents.flatMap((agent) => [
    [
      paint.bold(plainText(agent.agentId)),
      agent.transport,
      paint.dim(plainText(agent.description ?? '')),
    ],
    ...agent.actions.map((action) => [
      `  .${action.name}`,
      action.effect,
      paint.dim(action.hasLookup ? 'tells the outcome of an unknown call' : ''),
    ]),
  ])
  return tableLines(rows, context.stdout).join('\n')
}
