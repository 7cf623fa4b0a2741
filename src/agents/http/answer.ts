import { OrchestrationError } from '../../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import { describeThrown, failure } from '../failure.ts'
import { suspend, type Suspension } from '../suspend.ts'
import type { TransportCall } from '../transport.ts'
import { answeredUsage } from './answered-usage.ts'
import type { Exchange, HttpAnswer } from './exchange.ts'
import { retryAfterMs } from './retry-after.ts'

/** Tells a call how its request ended, by the rules of contract §3 "HTTP agents". */
export function settleExchange(call: TransportCall, result: Exchange, nowMs: number): void {
  const name = call.plan.fullName
  if (result.kind === 'unsendable') return call.failed(describeThrown(result.error), 'never')
  if (result.kind === 'tooLarge') {
    const message = `the answer to ${name} is over payloadBytesMax`
    const hint = 'answer with a reference (a path, an id), or raise resourceLimits.payloadBytesMax'
    call.failed(failure('ResourceExhaustionError', message, { retryable: false, hint }), 'done')
    return
  }
  if (result.kind === 'broken') {
    const { error, wasConnected } = result
    const code = 'code' in error && typeof error.code === 'string' ? error.code : null
    const message = `${name} ${wasConnected ? 'broke off' : 'is unreachable'}: ${error.message || (code ?? error.name)}`
    const described = failure('AgentCommunicationError', message.slice(0, 2_000), {
      retryable: true,
      details: { code },
    })
    call.failed(described, wasConnected ? 'unknown' : 'never')
    return
  }
  settleAnswer(call, result.answer, nowMs)
}

function settleAnswer(call: TransportCall, answer: HttpAnswer, nowMs: number): void {
  const { status } = answer
  if (status < 200 || status > 299) {
    settleRefusal(call, answer, nowMs)
    return
  }
  const body = readJson(answer.body)
  if (body === undefined) {
    const message = `${call.plan.fullName} answered ${status} with a body that is not JSON`
    const details = { status, body: excerpt(answer.body) }
    call.failed(
      failure('AgentCommunicationError', message, { retryable: true, details }),
      'unknown',
    )
    return
  }
  const { definition } = call.plan
  if (definition.usage !== undefined) call.context.budget.report(answeredUsage(definition, body))
  try {
    call.returned(status === 202 ? (readSuspension(body) ?? body) : body)
  } catch (error) {
    const message = `${call.plan.fullName} answered with a broken suspension: ${(error as Error).message}`
    call.failed(failure('AgentCommunicationError', message, { retryable: true }), 'unknown')
  }
}

function settleRefusal(call: TransportCall, answer: HttpAnswer, nowMs: number): void {
  const { status } = answer
  const name = call.plan.fullName
  const details: Record<string, JsonValue> = { status, body: excerpt(answer.body) }
  if (status >= 300 && status <= 399) {
    const hint = 'redirects are not followed: give the final URL as the address'
    call.failed(
      failure('AgentCommunicationError', `${name} answered with redirect ${status}`, {
        retryable: false,
        hint,
        details,
      }),
      'never',
    )
    return
  }
  // 425 and 429 say that the request was not processed; a 408 or 5xx may have come half-way.
  const isUnprocessed = status === 425 || status === 429
  const isOpen = status === 408 || status >= 500 || status < 200
  const waitMs = retryAfterMs(answer.retryAfter, nowMs)
  if (waitMs !== undefined) details['retryAfterMs'] = waitMs
  const retryable = isUnprocessed || isOpen
  const code = retryable ? 'AgentCommunicationError' : 'AgentError'
  call.failed(
    failure(code, `${name} answered ${status}`, { retryable, details }),
    isOpen ? 'unknown' : 'never',
  )
}

/** A JSON body, null for an empty one, undefined for anything else. */
export function readJson(body: Buffer): JsonValue | undefined {
  if (body.length === 0) return null
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as JsonValue
  } catch {
    // Not UTF-8 or not JSON: the caller names the sender.
    return undefined
  }
}

/** @throws AgentOutputError when `suspended` is there but unusable. */
function readSuspension(body: JsonValue): Suspension | undefined {
  if (!isJsonObject(body) || !isJsonObject(body['suspended'] ?? null)) return undefined
  const { signal, schema, resumeToken } = body['suspended'] as JsonObject
  if (schema !== undefined && schema !== null && !isJsonObject(schema)) {
    throw new OrchestrationError('AgentOutputError', 'its schema is no JSON Schema object')
  }
  return suspend({
    signal: signal as string,
    ...(schema === undefined || schema === null ? {} : { schema }),
    ...(resumeToken === undefined ? {} : { resumeToken }),
  })
}

function excerpt(body: Buffer): string {
  return body.subarray(0, 1_000).toString('utf8')
}
