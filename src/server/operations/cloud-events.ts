import { type CloudEvent, readCloudEvent } from '../../core/contracts/events.ts'
import { OrchestrationError } from '../../core/errors.ts'
import { isJsonObject, type JsonValue } from '../../core/json.ts'
import type { z } from 'zod'
import { checkAccepting } from '../api.ts'
import { checked } from '../checked-input.ts'
import { cloudEventBody, cloudEventHeaders, delivered } from '../contract/cloud-events.ts'
import { operation, type Operation } from '../operation.ts'
import { Refusal } from '../refusal.ts'
import { mediaType, parseJson } from '../request-body.ts'

type Attributes = z.infer<typeof cloudEventHeaders>

const binaryNames = {
  'ce-specversion': 'specversion',
  'ce-id': 'id',
  'ce-source': 'source',
  'ce-type': 'type',
  'ce-time': 'time',
  'ce-subject': 'subject',
} as const

/** Events from outside that may start workflows. */
export const cloudEventOperations: readonly Operation[] = [
  operation({
    id: 'deliverEvent',
    method: 'POST',
    path: '/v1/events',
    tag: 'events',
    summary: 'Hands an event to the triggers: CloudEvents 1.0 over HTTP, structured or binary',
    headers: cloudEventHeaders,
    body: {
      schema: cloudEventBody,
      contentTypes: ['application/cloudevents+json'],
      reading: 'text',
    },
    answers: {
      200: {
        description: 'What it started is durable; a repeat starts nothing.',
        schema: delivered,
      },
    },
    problems: [415, 429, 503],
    async handle(api, { headers, text, request }) {
      checkAccepting(api)
      const type = mediaType(request.headers['content-type'])
      const event = isBinary(headers) ? binary(headers, type, text) : structured(type, text)
      return { status: 200, body: { started: await api.options.engine.deliver(event) } }
    },
  }),
]

function isBinary(headers: Attributes): boolean {
  return Object.keys(binaryNames).some((name) => headers[name as keyof Attributes] !== undefined)
}

function structured(type: string | null, text: string): CloudEvent {
  // Another format of CloudEvents, or a batch of them; anything else is JSON, whatever the sender calls it.
  if (type !== null && /^application\/cloudevents(?!\+json$)/.test(type)) throw foreign(type)
  const value = parseJson(text)
  if (!isJsonObject(value)) {
    throw new OrchestrationError('InputError', 'body: it must be a CloudEvent', {
      hint: 'send { "specversion": "1.0", "id", "source", "type", "data" }',
    })
  }
  return eventOf(value)
}

function binary(headers: Attributes, type: string | null, text: string): CloudEvent {
  const attributes: Record<string, string> = {}
  for (const [header, name] of Object.entries(binaryNames)) {
    const value = headers[header as keyof Attributes]
    if (value !== undefined) attributes[name] = decoded(value)
  }
  return eventOf({ ...attributes, data: dataOf(type, text) })
}

/** @throws InputError for what is no event of CloudEvents 1.0 */
function eventOf(value: object): CloudEvent {
  return readCloudEvent(checked(cloudEventBody, value, { name: 'body' }))
}

function dataOf(type: string | null, text: string): JsonValue {
  if (text === '') return null
  if (type === null || /^(application\/json|[^/]+\/[^/]+\+json)$/.test(type)) {
    return parseJson(text) ?? null
  }
  if (type.startsWith('text/')) return text
  throw foreign(type)
}

/** Headers of CloudEvents are percent-encoded; one that is not is meant as it stands. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

function foreign(type: string): Refusal {
  return new Refusal(415, 'InputError', {
    message: `an event of content-type '${type}' is not understood`,
    hint: 'send application/cloudevents+json, or ce- headers with JSON or text',
  })
}
