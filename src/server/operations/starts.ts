import semver from 'semver'
import { isOrchestrationError, OrchestrationError } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import { nearestOrAll } from '../../core/nearest.ts'
import type { ExecuteOptions } from '../../engine/index.ts'
import type { WorkflowData, WorkflowDocument } from '../../workflow/index.ts'
import { type Api, checkAccepting, checkServing } from '../api.ts'
import { startBody, started } from '../contract/executions.ts'
import { type Answer, operation, type Operation } from '../operation.ts'
import { notOffered, refusalOf } from '../refusal.ts'

/** What is to be started: a document, or the name of one. */
interface Wanted {
  readonly workflow?: string | undefined
  readonly document?: object | undefined
}

/** Starting executions. */
export const startOperations: readonly Operation[] = [
  operation({
    id: 'startExecution',
    method: 'POST',
    path: '/v1/executions',
    tag: 'executions',
    summary: 'Starts an execution; with an `executionId`, at most one',
    body: {
      schema: startBody,
      bytesMax: limits.documentBytesMax + limits.payloadBytesMax,
      hints: { agents: 'it runs with the agents of the server: `aura serve --agents MODULE`' },
    },
    answers: {
      201: { description: 'The start is durable.', schema: started },
      200: {
        description: 'It was started before with the same document and input.',
        schema: started,
      },
    },
    problems: [403, 404, 409, 429, 501, 503],
    async handle(api, { body }) {
      checkServing(api)
      const { executionId, input } = body
      const begin = await startOf(api, body)
      const options = {
        ...(executionId === undefined ? {} : { executionId }),
        ...(input === undefined ? {} : { input }),
      }
      if (executionId === undefined) {
        checkAccepting(api)
        return { status: 201, body: await standing(api, await begin(options)) }
      }
      return api.starts.take(executionId, () => startOnce(api, executionId, () => begin(options)))
    },
  }),
]

async function startOnce(
  api: Api,
  executionId: string,
  begin: () => Promise<string>,
): Promise<Answer> {
  const isKnown = await exists(api, executionId)
  if (!isKnown) checkAccepting(api)
  try {
    return { status: isKnown ? 200 : 201, body: await standing(api, await begin()) }
  } catch (thrown) {
    // The id is taken by another document or input.
    if (!isOrchestrationError(thrown) || thrown.code !== 'UsageError') throw thrown
    throw refusalOf(409, thrown)
  }
}

/** How it stands; what is started and has nobody yet who could tell (a worker on Temporal) is pending. */
async function standing({ options }: Api, executionId: string): Promise<object> {
  try {
    return { executionId, status: (await options.engine.getExecution(executionId)).status }
  } catch (thrown) {
    if (!isOrchestrationError(thrown) || thrown.code !== 'AgentCommunicationError') throw thrown
    return { executionId, status: 'pending' }
  }
}

async function exists({ options }: Api, executionId: string): Promise<boolean> {
  try {
    await options.engine.getExecution(executionId)
    return true
  } catch (thrown) {
    if (isOrchestrationError(thrown) && thrown.code === 'NotFoundError') return false
    throw thrown
  }
}

/** @throws InputError, NotFoundError: nothing is begun then */
async function startOf(
  api: Api,
  wanted: Wanted,
): Promise<(options: ExecuteOptions) => Promise<string>> {
  const { options } = api
  if ((wanted.workflow === undefined) === (wanted.document === undefined)) {
    throw new OrchestrationError('InputError', "body: it needs either 'workflow' or 'document'")
  }
  if (wanted.document !== undefined) {
    const data = wanted.document as unknown as WorkflowData
    return (more) => options.engine.startWorkflow(data.name, data, more)
  }
  const document = await registered(api, wanted.workflow ?? '')
  if (options.startDocument === undefined) throw notOffered('no start by name', 'send the document')
  const start = options.startDocument.bind(options)
  return (more) => start(document, more)
}

/** The highest version that the range of `name@range` allows; of a version registered twice the later one. */
async function registered({ options }: Api, wanted: string): Promise<WorkflowDocument> {
  if (options.workflows === undefined) throw notOffered('no start by name', 'send the document')
  const at = wanted.indexOf('@')
  const name = at === -1 ? wanted : wanted.slice(0, at)
  const range = at === -1 ? '*' : wanted.slice(at + 1)
  if (semver.validRange(range) === null) {
    throw new OrchestrationError('InputError', `body.workflow: '${range}' is no semver range`, {
      hint: 'write for instance name@1, name@^1.2.0 or name@1.2.3',
    })
  }
  const versions = await options.workflows(name)
  const highest = semver.maxSatisfying(
    versions.map(({ version }) => version),
    range,
    { includePrerelease: at === -1 },
  )
  const found = versions.findLast(({ version }) => version === highest)
  if (found !== undefined) return found
  throw unknownWorkflow(await options.workflows(), name, wanted)
}

function unknownWorkflow(
  all: readonly WorkflowDocument[],
  name: string,
  wanted: string,
): OrchestrationError {
  const versions = all.filter((one) => one.name === name).map(({ version }) => version)
  const hint =
    versions.length > 0
      ? `its versions are ${versions.slice(-12).join(', ')}`
      : nearestOrAll(name, [...new Set(all.map((one) => one.name))])
  return new OrchestrationError('NotFoundError', `no workflow '${wanted}' is registered`, {
    hint: hint ?? 'register it with POST /v1/workflows, or send the document',
  })
}
