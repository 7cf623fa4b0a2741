import { isOrchestrationError, messageOf, OrchestrationError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { retryAfterMs } from '../http/retry-after.ts'

interface ApiFailure {
  readonly statusCode?: number
  readonly responseHeaders?: Readonly<Record<string, string>>
  readonly url?: string
  readonly isRetryable?: boolean
}

/** Longest excerpt of what a provider says: it may repeat the prompt. */
const excerptMax = 200

/**
 * What went wrong with a model, as an error of Aura. Rate limits and overload are retryable and say when to come
 * back; a wrong key, an unknown model and a refused request are not.
 */
export function modelError(model: string, thrown: unknown, nowMs: number): OrchestrationError {
  if (isOrchestrationError(thrown)) return thrown
  const cause = innermost(thrown)
  const name = cause instanceof Error ? cause.name : ''
  if (name === 'AI_LoadAPIKeyError' || name === 'AI_LoadSettingError')
    return refused(model, cause, 'give `apiKey`, or set the variable that the message names')
  if (name.startsWith('AI_NoSuch'))
    return refused(model, cause, 'check the name of the model and of its provider')
  if (name === 'AI_APICallError') return ofAnswer(model, cause as ApiFailure & Error, nowMs)
  const message = `model '${model}' gave no usable answer: ${excerpt(cause)}`
  return new OrchestrationError('AgentCommunicationError', message, {
    retryable: true,
    hint: 'check that the address is that of the API, with its version: …/v1',
    cause,
  })
}

function ofAnswer(model: string, failure: ApiFailure & Error, nowMs: number): OrchestrationError {
  const { statusCode: status, responseHeaders = {}, url = '' } = failure
  const what = status === undefined ? 'is out of reach' : `answered ${status}`
  const waitMs = retryAfterMs(responseHeaders['retry-after'] ?? null, nowMs)
  const details: JsonObject = {
    url: withoutQuery(url),
    ...(status === undefined ? {} : { status }),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  }
  return new OrchestrationError(
    'AgentCommunicationError',
    `model '${model}' ${what} at ${withoutQuery(url)}: ${excerpt(failure)}`,
    {
      retryable: status === undefined || failure.isRetryable === true,
      hint: hintOf(status),
      details,
      cause: failure,
    },
  )
}

function hintOf(status: number | undefined): string {
  if (status === undefined) return 'check that the server runs at this address'
  if (status === 401 || status === 403) return 'check the key (`apiKey`) and what it may use'
  if (status === 404) return 'check the address (…/v1) and the name of the model'
  if (status === 429) return 'give the model `resourceLimits.requestsPerMinute`'
  return status >= 500
    ? 'the provider has a problem: a fallback can take over'
    : 'the request is wrong'
}

function refused(model: string, cause: unknown, hint: string): OrchestrationError {
  const message = `model '${model}' cannot be used: ${excerpt(cause)}`
  return new OrchestrationError('RefusedError', message, { hint, cause })
}

/** The library wraps the last error of its retries. */
function innermost(thrown: unknown): unknown {
  const last = (thrown as { readonly lastError?: unknown } | null)?.lastError
  return last === undefined ? thrown : innermost(last)
}

function excerpt(thrown: unknown): string {
  const message = messageOf(thrown)
  return message.length > excerptMax ? `${message.slice(0, excerptMax)}…` : message
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/, '')
}
