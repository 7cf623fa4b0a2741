import { OrchestrationError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { WorkflowEngine } from '../engine/index.ts'

/** What a verb over HTTP answers; the shape of `aura pause --json`. */
export interface SteerAnswer {
  readonly executionId: string
  readonly status: string
}

type Resolution = Parameters<WorkflowEngine['resolve']>[2]
type Verb = (engine: WorkflowEngine, executionId: string, body: JsonObject) => Promise<unknown>

/** The verbs under `/v1/executions/{id}/`. */
const steerVerbs: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ['pause', (engine, id) => engine.pauseWorkflow(id)],
  ['resume', (engine, id) => engine.resumeWorkflow(id)],
  ['cancel', (engine, id) => engine.cancelWorkflow(id)],
  ['signal', (engine, id, body) => engine.signal(id, textOf(body, 'name'), body.data ?? null)],
  ['resolve', (engine, id, body) => engine.resolve(id, textOf(body, 'step'), resolutionOf(body))],
])

/**
 * Does one verb and tells how the execution stands then.
 *
 * @throws NotFoundError for an unknown verb or execution, InputError for a wrong body, what the engine refuses
 */
export async function steer(
  engine: WorkflowEngine,
  asked: { readonly executionId: string; readonly verb: string; readonly body: JsonObject },
): Promise<SteerAnswer> {
  const verb = steerVerbs.get(asked.verb)
  if (verb === undefined)
    throw new OrchestrationError('NotFoundError', `there is no verb '${asked.verb}'`)
  await verb(engine, asked.executionId, asked.body)
  const { status } = await engine.getExecution(asked.executionId)
  return { executionId: asked.executionId, status }
}

function textOf(body: JsonObject, key: string): string {
  const value = body[key]
  if (typeof value === 'string' && value !== '') return value
  throw new OrchestrationError('InputError', `the body needs '${key}', a text`)
}

/** `{ "resolution": "retry" | "succeed" | "fail", "output"?: … }` */
function resolutionOf(body: JsonObject): Resolution {
  switch (body.resolution) {
    case 'retry':
      return { kind: 'retry' }
    case 'succeed':
      return { kind: 'succeed', output: body.output ?? null }
    case 'fail':
      return { kind: 'fail' }
    default:
      throw new OrchestrationError(
        'InputError',
        "the body needs 'resolution': retry, succeed or fail",
      )
  }
}
