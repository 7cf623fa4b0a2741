import { resolve as resolvePath } from 'node:path'
import { executionId as checkedId } from '../../core/ids.ts'
import { OrchestrationError } from '../../core/errors.ts'
import { isJsonObject } from '../../core/json.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { WorkflowEngine } from '../../engine/index.ts'
import type { CommandContext } from '../command-context.ts'
import { driveAdvice } from '../drive-advice.ts'
import { doEngineVerb } from '../engine-verbs.ts'
import { exitCodes } from '../exit-code.ts'
import { parseJsonOption } from '../option-values.ts'
import { askOwner } from '../owner-client.ts'
import { checkExecution, reportSteering, steerExecution } from '../steering.ts'
import type { SteerRequest } from '../steering.ts'

async function steer(context: CommandContext, asked: SteerRequest): Promise<number> {
  reportSteering(context, await steerExecution(context, asked))
  return exitCodes.done
}

const changes = {
  pause: (engine: WorkflowEngine, id: string) => engine.pauseWorkflow(id),
  resume: (engine: WorkflowEngine, id: string) => engine.resumeWorkflow(id),
  cancel: (engine: WorkflowEngine, id: string) => engine.cancelWorkflow(id),
}

/** `aura pause|resume|cancel ID`: one that changes nothing prints the status all the same. */
export function changeStatus(
  context: CommandContext,
  verb: keyof typeof changes,
  executionId: string,
): Promise<number> {
  return steer(context, {
    executionId,
    verb,
    body: {},
    async work(engine) {
      await changes[verb](engine, executionId)
    },
  })
}

/** `aura signal ID NAME [--data JSON]`; the data defaults to null. */
export async function signal(
  context: CommandContext,
  asked: { readonly executionId: string; readonly name: string; readonly data: string | undefined },
): Promise<number> {
  const { executionId, name } = asked
  const data = asked.data === undefined ? null : parseJsonOption('--data', asked.data)
  return steer(context, {
    executionId,
    verb: 'signal',
    body: { name, data },
    work: (engine) => engine.signal(executionId, name, data),
  })
}

export interface ResolveOptions {
  readonly retry?: boolean
  readonly succeed?: string
  readonly fail?: boolean
}

/** `aura resolve ID STEP --retry | --succeed JSON | --fail` settles a call whose outcome nobody knows. */
export async function resolve(
  context: CommandContext,
  asked: { readonly executionId: string; readonly step: string; readonly options: ResolveOptions },
): Promise<number> {
  const { executionId, step } = asked
  const { retry, succeed, fail } = asked.options
  const given = [retry === true, succeed !== undefined, fail === true].filter(Boolean).length
  if (given !== 1) {
    throw new OrchestrationError(
      'UsageError',
      'resolve takes exactly one of --retry, --succeed JSON, --fail',
      {
        hint: '--retry: it never happened, call again; --succeed JSON: it happened with this output; --fail: it failed',
      },
    )
  }
  if (succeed !== undefined) {
    const output = parseJsonOption('--succeed', succeed)
    return steer(context, {
      executionId,
      verb: 'resolve',
      body: { step, resolution: 'succeed', output },
      work: (engine) => engine.resolve(executionId, step, { kind: 'succeed', output }),
    })
  }
  const kind = retry === true ? 'retry' : 'fail'
  return steer(context, {
    executionId,
    verb: 'resolve',
    body: { step, resolution: kind },
    work: (engine) => engine.resolve(executionId, step, { kind }),
  })
}

/** `aura checkpoint ID [--label L]`: takes a checkpoint at the present position. */
export async function checkpoint(
  context: CommandContext,
  executionId: string,
  label: string | undefined,
): Promise<number> {
  const { answer } = await steerExecution(context, {
    executionId,
    verb: 'checkpoint',
    body: label === undefined ? {} : { label },
    async work(engine) {
      const { checkpointId } = await engine.checkpoint(executionId, label)
      return { checkpointId }
    },
  })
  const { status } = answer
  const checkpointId = typeof answer.checkpointId === 'string' ? answer.checkpointId : null
  if (context.isJson) context.json({ executionId, status, checkpointId })
  else context.say(`${executionId}  ${status}  ${checkpointId ?? ''}`)
  return exitCodes.done
}

/** `aura rollback ID --to CP [--accept-effects]`: goes back to a checkpoint. */
export function rollback(
  context: CommandContext,
  executionId: string,
  options: { readonly to: string; readonly acceptEffects?: boolean },
): Promise<number> {
  const { to } = options
  const acceptEffects = options.acceptEffects === true
  return steer(context, {
    executionId,
    verb: 'rollback',
    body: { to, acceptEffects },
    async work(engine) {
      await engine.rollback(executionId, to, { acceptEffects })
    },
  }).catch((thrown: unknown) => {
    throw withEffects(thrown)
  })
}

/** Names the calls that nothing undoes in the message: whoever accepts them should know them. */
function withEffects(thrown: unknown): unknown {
  if (!(thrown instanceof OrchestrationError) || thrown.code !== 'RefusedError') return thrown
  const effects: JsonValue | undefined = thrown.details?.effects
  if (!Array.isArray(effects) || thrown.hint?.includes('--accept-effects') === true) return thrown
  return new OrchestrationError('RefusedError', thrown.message, {
    hint: `nothing undoes ${effects.map(String).join(', ')}; --accept-effects goes back all the same, and that is recorded`,
    ...(thrown.details === null ? {} : { details: thrown.details }),
    cause: thrown,
  })
}

export interface ForkVerbOptions {
  readonly from: string
  readonly document?: string
  readonly id?: string
}

/** `aura fork ID --from CP [--document F] [--id NEW]`: a new execution with the state at a checkpoint. */
export async function fork(
  context: CommandContext,
  executionId: string,
  options: ForkVerbOptions,
): Promise<number> {
  const { from } = options
  const newId = options.id === undefined ? {} : { executionId: checkedId(options.id) }
  const document = await dataOf(context, options.document)
  const body: JsonObject = {
    from,
    ...newId,
    ...(document === null ? {} : { document: document as unknown as JsonObject }),
  }
  const path = `/v1/executions/${encodeURIComponent(executionId)}/fork`
  const { answer, isDriven } = await doEngineVerb(context, {
    ask: async (owner) => forkedId(await askOwner(owner, { method: 'POST', path, body })),
    work: (engine) =>
      engine.fork(executionId, from, { ...newId, ...(document === null ? {} : { document }) }),
    checkFile: () => checkExecution(context, executionId),
  })
  if (context.isJson) context.json({ executionId: answer })
  else context.say(answer)
  if (!isDriven) context.note(`recorded; nobody drives it now. ${driveAdvice(context, answer)}`)
  return exitCodes.done
}

/** The document that is forked into, as it is written; null: that of the execution. */
async function dataOf(context: CommandContext, file: string | undefined) {
  if (file === undefined) return null
  const { readDocumentFile, refuseBroken } = await import('../document-file.ts')
  const { data, problems } = readDocumentFile(file, resolvePath(context.cwd, file))
  refuseBroken(file, problems)
  return data
}

function forkedId(answer: JsonValue): string {
  if (isJsonObject(answer) && typeof answer.executionId === 'string') return answer.executionId
  throw new OrchestrationError('OwnerError', 'the owner answered with something else than an id')
}
