import { findOwner } from '../storage/index.ts'
import type { CommandContext } from './command-context.ts'
import { shellCommand } from './shell-quote.ts'
import { steerThrough } from './steering-owner.ts'
import type { Steered, SteerRequest } from './steering-owner.ts'

/**
 * Steers an execution: through the file's owner when there is one, else on the file itself.
 *
 * @throws NotFoundError, OwnerError, what the engine refuses
 */
export async function steerExecution(
  context: CommandContext,
  asked: SteerRequest,
): Promise<Steered> {
  const { owner } = findOwner(context.databasePath)
  if (owner !== null) return steerThrough(owner, asked)
  const { steerFile } = await import('./steering-file.ts')
  return steerFile(context, asked)
}

const ended: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled'])

/** Prints what a steering verb answers, and who is to go on when nobody drives the execution. */
export function reportSteering(
  context: CommandContext,
  { executionId, status, isDriven }: Steered,
): void {
  if (context.isJson) context.json({ executionId, status })
  else context.say(`${executionId}  ${status}`)
  if (isDriven || ended.has(status) || status === 'paused') return
  const command = shellCommand([context.commandName, 'run', 'DOCUMENT', '--id', executionId])
  context.note(`recorded; nobody drives it now. Go on with: ${command}${context.databaseArgument}`)
}
