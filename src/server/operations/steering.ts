import type { z } from 'zod'
import { limits } from '../../core/limits.ts'
import type { JsonObject } from '../../core/json.ts'
import { checkAccepting } from '../api.ts'
import { executionParams } from '../contract/executions.ts'
import { adapted, checkpointed, forkBody, forked, steered } from '../contract/steering.ts'
import { operation, type Operation } from '../operation.ts'
import { fork, steer, verbs } from '../steering.ts'

const tag = 'steering'
const withoutBody: ReadonlySet<string> = new Set(['pause', 'resume', 'cancel', 'checkpoint'])

/** Of verbs that answer more than how the execution stands. */
const answers: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ['checkpoint', checkpointed],
  ['adapt', adapted],
])

const verbOperations = [...verbs].map(([name, { summary, body }]) =>
  operation({
    id: `${name}Execution`,
    method: 'POST',
    path: `/v1/executions/{id}/${name}`,
    tag,
    summary,
    params: executionParams,
    body: { schema: body, isRequired: !withoutBody.has(name) },
    answers: {
      200: {
        description: 'How the execution stands then.',
        schema: answers.get(name) ?? steered,
      },
    },
    problems: [404, 409, 429],
    handle: async ({ options }, call) => ({
      status: 200,
      body: await steer(options.engine, {
        executionId: call.params.id,
        verb: name,
        body: call.body as JsonObject,
      }),
    }),
  }),
)

/** The verbs that change an execution. */
export const steeringOperations: readonly Operation[] = [
  ...verbOperations,
  operation({
    id: 'forkExecution',
    method: 'POST',
    path: '/v1/executions/{id}/fork',
    tag,
    summary: 'Starts a new execution with the state that this one had at a checkpoint',
    params: executionParams,
    body: { schema: forkBody, bytesMax: limits.documentBytesMax + limits.payloadBytesMax },
    answers: { 201: { description: 'The new execution.', schema: forked } },
    problems: [404, 409, 429, 503],
    async handle(api, { params, body }) {
      checkAccepting(api)
      const asked = { executionId: params.id, body: body as unknown as JsonObject }
      return { status: 201, body: await fork(api.options.engine, asked) }
    },
  }),
]
