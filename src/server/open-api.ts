import { z } from 'zod'
import { components } from './contract/components.ts'
import { problem } from './contract/problems.ts'
import type { AnswerNote, Operation } from './operation.ts'
import { problemContentType } from './problem-details.ts'

type Json = Record<string, unknown>

/** Headers that every answer has. */
const commonHeaders = {
  'x-request-id': 'Names the request in the log; taken from the request if it has one.',
}
const reasons: Readonly<Record<number, string>> = {
  400: 'The request is malformed.',
  401: 'The bearer token is missing or wrong.',
  403: 'Refused: a foreign host name, or a feature flag that is off.',
  404: 'There is no such thing.',
  409: 'Refused as things stand.',
  412: 'The entry has another version.',
  413: 'The body is over its limit.',
  415: 'The body is of a kind that is not understood.',
  422: 'The document, body, query or header is not valid; `details.problems` has everything.',
  429: 'A limit refused it; try again after `retry-after` seconds when `retryable`.',
  500: 'It failed inside; the log has it.',
  501: 'This owner does not offer it.',
  503: 'Not at present; try again after `retry-after` seconds.',
}

/** The description of all operations as OpenAPI 3.1, made from the schemas that requests are checked with. */
export function openApiDocument(operations: readonly Operation[]): Json {
  const paths: Record<string, Json> = {}
  for (const operation of operations) {
    const methods = (paths[operation.path] ??= {})
    methods[operation.method.toLowerCase()] = described(operation)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Aura',
      version: '1.0.0',
      description:
        'The owner of an Aura file: executions, their state and events, workflows, agents.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ token: [] }],
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: '`token` in `<db>.owner`.' },
      },
    },
  }
}

function described(operation: Operation): Json {
  const { id, tag, summary, body, isPublic = false } = operation
  const parameters = [
    ...parametersOf('path', operation.params),
    ...parametersOf('query', operation.query),
    ...parametersOf('header', operation.headers),
  ]
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(isPublic ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: body.isRequired ?? true,
            content: Object.fromEntries(
              ['application/json', ...(body.contentTypes ?? [])].map((type) => [
                type,
                { schema: reference(body.schema) },
              ]),
            ),
          },
        }),
    responses: responsesOf(operation),
  }
}

function responsesOf(operation: Operation): Json {
  const { answers, body, isPublic = false, params, query, headers } = operation
  const isChecked = [params, query, headers, body].some((part) => part !== undefined)
  const problems = [
    ...(isPublic ? [] : [401]),
    403,
    ...(isChecked ? [422] : []),
    ...(body === undefined ? [] : [400, 413]),
    500,
    ...(operation.problems ?? []),
  ]
  const responses: Record<string, Json> = {}
  for (const [status, note] of Object.entries(answers)) responses[status] = answer(note)
  for (const status of new Set(problems)) {
    responses[status] = answer({
      description: reasons[status] ?? 'Refused.',
      schema: problem,
      contentType: problemContentType,
    })
  }
  return responses
}

function answer({ description, schema, contentType, headers }: AnswerNote): Json {
  const type = contentType ?? 'application/json'
  const content =
    schema === undefined && contentType === undefined
      ? {}
      : {
          content: {
            [type]: { schema: schema === undefined ? { type: 'string' } : reference(schema) },
          },
        }
  const named = Object.entries({ ...commonHeaders, ...headers }).map(([name, text]) => [
    name,
    { description: text, schema: { type: 'string' } },
  ])
  return { description, headers: Object.fromEntries(named), ...content }
}

/** The parameters in one place, one for each key of its schema. */
function parametersOf(place: 'path' | 'query' | 'header', schema: z.ZodType | undefined): Json[] {
  if (!(schema instanceof z.ZodObject)) return []
  const parameters = Object.entries(schema.shape as Record<string, z.ZodType>).map(
    ([name, field]): Json => {
      const { description, ...inner } = plainSchema(field)
      return {
        name,
        in: place,
        required: place === 'path' || !field.safeParse(undefined).success,
        ...(description === undefined ? {} : { description }),
        schema: inner,
      }
    },
  )
  if (place === 'query' && schema.def.catchall instanceof z.ZodString) parameters.push(metaFilter)
  return parameters
}

/** `meta.k=v`: a form object explodes into one query parameter for each of its keys. */
const metaFilter: Json = {
  name: 'meta',
  in: 'query',
  required: false,
  description:
    '`meta.k=v`: only executions whose metadata has `v` under `k`; may be repeated for other keys.',
  style: 'form',
  explode: true,
  schema: {
    type: 'object',
    propertyNames: { pattern: '^meta\\..' },
    additionalProperties: { type: 'string' },
  },
}

function reference(schema: z.ZodType): Json {
  const named = components.get(schema)
  return named === undefined ? plainSchema(schema) : { $ref: uri(named.id) }
}

function plainSchema(schema: z.ZodType): Json {
  return withoutIds(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json)
}

function componentSchemas(): Json {
  const made = z.toJSONSchema(components, { io: 'input', unrepresentable: 'any', uri })
  return Object.fromEntries(
    Object.entries(made.schemas)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, schema]) => [id, withoutIds(schema as Json)]),
  )
}

/** Inside an OpenAPI document schemas are found by their place, and the dialect is the document's. */
function withoutIds(schema: Json): Json {
  return Object.fromEntries(
    Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'),
  )
}

function uri(id: string): string {
  return `#/components/schemas/${id}`
}
