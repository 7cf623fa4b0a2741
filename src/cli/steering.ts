import { OrchestrationError } from '../core/errors.ts'
import { isJsonObject } from '../core/json.ts'
import type { JsonObject } from '../core/json.ts'
import type { SteerAnswer } from '../server/index.ts'
import { findOwner } from '../storage/index.ts'
import type { OwnerInfo } from '../storage/index.ts'
import type { CommandContext } from './command-context.ts'
import { askOwner } from './owner-client.ts'
import { shellCommand } from './shell-quote.ts'

/** A verb that changes an execution. */
export interface SteerRequest {
  readonly executionId: string
  /** As under `/v1/executions/{id}/`. */
  readonly verb: string
  readonly body: JsonObject
}

export interface Steered extends SteerAnswer {
  /** False when nobody owns the file: then the verb is recorded and nothing is driven. */
  readonly isDriven: boolean
}

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

/** Steers an execution through the owner of its file. */
export async function steerThrough(owner: OwnerInfo, asked: SteerRequest): Promise<Steered> {
  const path = `/v1/executions/${encodeURIComponent(asked.executionId)}/${asked.verb}`
  const answer = await askOwner(owner, { method: 'POST', path, body: asked.body })
  if (!isJsonObject(answer) || typeof answer.status !== 'string') {
    throw new OrchestrationError(
      'OwnerError',
      'the owner answered with something else than a status',
    )
  }
  return { executionId: asked.executionId, status: answer.status, isDriven: true }
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
