import { z } from 'zod'
import { type ErrorJson, OrchestrationError } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'

/** Types of the events between callers and hosts of agents; those to one host end with its name. */
const prefix = 'aura.agent-'
export const presenceType = `${prefix}presence`
export const whoIsThereType = `${prefix}who-is-there`
export const answerType = `${prefix}answer`

export function callType(address: string, hostId: string): string {
  return `${prefix}call.${address}.${hostId}`
}

export function lookupType(address: string, hostId: string): string {
  return `${prefix}lookup.${address}.${hostId}`
}

/** Whether an event belongs to calls between processes and means nothing to anybody else. */
export function isAgentTraffic(type: string): boolean {
  return type.startsWith(prefix)
}

/** A host tells so often that it is there; one that is silent for `hostGoneMs` is gone. */
export const presenceMs = 1_000
export const hostGoneMs = 3_500

/** What an event carries is JSON already: only that it is there is checked. */
const json = z.custom<JsonValue>((value) => value !== undefined)
const jsonObject = z.custom<JsonObject>((value) => typeof value === 'object' && value !== null)
const error: z.ZodType<ErrorJson> = z.object({
  code: z.string(),
  message: z.string(),
  retryable: z.boolean(),
  hint: z.string().nullable(),
  details: jsonObject.nullable(),
})

/** Who hosts which agents; `isLeaving` is its last word. */
const presence = z.object({
  hostId: z.string().min(1),
  addresses: z.array(z.string().min(1)).max(10_000),
  isLeaving: z.boolean(),
})

/** A call as it travels: what `AgentCall` is made from again at the host. */
const call = z.object({
  action: z.string(),
  input: json,
  idempotencyKey: z.string().min(1),
  executionId: z.string(),
  stepId: z.string(),
  index: z.number().nullable(),
  attempt: z.number(),
  timeoutMs: z.number().positive().nullable(),
  correlationId: z.string(),
  tda: json,
  resumed: z.object({ signal: z.string(), data: json, resumeToken: json }).nullable(),
})

const answer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('completed'), output: json }),
  z.object({
    kind: z.literal('suspended'),
    signal: z.string(),
    schema: jsonObject.nullable(),
    resumeToken: json,
  }),
  /** `happened`: whether the effect has. */
  z.object({ kind: z.literal('failed'), error, happened: z.enum(['never', 'unknown', 'done']) }),
])

const lookup = z.object({ action: z.string(), idempotencyKey: z.string().min(1) })

const found = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('completed'), output: json }),
  z.object({ kind: z.literal('never') }),
  z.object({ kind: z.literal('unknown'), error: error.nullable() }),
])

export type SentCall = z.output<typeof call>
export type CallAnswer = z.output<typeof answer>
export type LookupAnswer = z.output<typeof found>

/** The messages by name, for `readMessage`. */
export const messages = { presence, call, answer, lookup, found }

/** @param what the name of the message. @throws InputError for anything else */
export function readMessage<T>(what: string, schema: z.ZodType<T>, data: JsonValue): T {
  const read = schema.safeParse(data)
  if (read.success) return read.data
  const [issue] = read.error.issues
  const where = issue?.path.map(String).join('.') ?? ''
  throw new OrchestrationError(
    'InputError',
    `this is no '${what}' message of an agent host: ${where}: ${issue?.message}`,
    { hint: 'callers and hosts of agents run the same version of Aura' },
  )
}
