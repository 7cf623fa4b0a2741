import { OrchestrationError } from '../core/errors.ts'
import { isJsonObject } from '../core/json.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { WorkflowEngine } from '../engine/index.ts'
import type { CommandContext } from './command-context.ts'
import { driveAdvice } from './drive-advice.ts'
import { doEngineVerb } from './engine-verbs.ts'
import { askOwner } from './owner-client.ts'
import { endedStatuses } from './status-mark.ts'

/** A verb that changes an execution. */
export interface SteerRequest {
  readonly executionId: string
  /** As under `/v1/executions/{id}/`. */
  readonly verb: string
  readonly body: JsonObject
  /** The same on an engine of this process; what it gives is added to the answer. */
  work(engine: WorkflowEngine): Promise<JsonObject | void>
}

/** What a steering verb answers, as `--json` prints it. */
export interface Steered extends JsonObject {
  readonly executionId: string
  readonly status: string
}

/** A sequence number that no journal reaches: asks whether an execution is there, and for nothing of it. */
const afterAnyEvent = 2 ** 40

/**
 * Steers an execution: through the file's owner when there is one, else on the file itself, where the
 * verb is recorded and whoever goes on with the execution obeys it.
 *
 * @throws NotFoundError, OwnerError, what the engine refuses
 */
export function steerExecution(
  context: CommandContext,
  asked: SteerRequest,
): Promise<{ readonly answer: Steered; readonly isDriven: boolean }> {
  const { executionId } = asked
  return doEngineVerb<Steered>(context, {
    async ask(owner) {
      const path = `/v1/executions/${encodeURIComponent(executionId)}/${asked.verb}`
      return steeredOf(
        executionId,
        await askOwner(owner, { method: 'POST', path, body: asked.body }),
      )
    },
    async work(engine) {
      const more = await asked.work(engine)
      const { status } = await engine.getExecution(executionId)
      return { executionId, status, ...more }
    },
    checkFile: () => checkExecution(context, executionId),
  })
}

/** @throws NotFoundError for an unknown file or execution; nothing is made or owned */
export async function checkExecution(context: CommandContext, executionId: string): Promise<void> {
  const { openLook } = await import('../engine/index.ts')
  const look = openLook(context.databasePath)
  try {
    look.log(executionId, afterAnyEvent)
  } finally {
    look.close()
  }
}

/** What an owner answers to a verb. @throws OwnerError for something else */
export function steeredOf(executionId: string, answer: JsonValue): Steered {
  if (isJsonObject(answer) && typeof answer.status === 'string') {
    return { ...answer, executionId, status: answer.status }
  }
  throw new OrchestrationError('OwnerError', 'the owner answered with something else than a status')
}

/** Prints what a steering verb answers, and who is to go on when nobody drives the execution. */
export function reportSteering(
  context: CommandContext,
  { answer, isDriven }: { readonly answer: Steered; readonly isDriven: boolean },
): void {
  const { executionId, status } = answer
  if (context.isJson) context.json({ executionId, status })
  else context.say(`${executionId}  ${status}`)
  if (isDriven || endedStatuses.has(status) || status === 'paused') return
  context.note(`recorded; nobody drives it now. ${driveAdvice(context, executionId)}`)
}
