import { describeThrown, failure, type Happened } from '../../../agents/index.ts'
import { type ErrorJson, isOrchestrationError, messageOf } from '../../../core/errors.ts'
import type { A2aClientSdk } from '../load.ts'
import { HttpStatusError } from './remote-fetch.ts'

/** How a call failed, and whether it may have happened all the same. */
export interface CallFailure {
  readonly error: ErrorJson
  readonly happened: Happened
}

/** Errors of the protocol by which an agent says that it did not take the message. */
const refusalReasons: ReadonlySet<string> = new Set([
  'CONTENT_TYPE_NOT_SUPPORTED',
  'EXTENSION_SUPPORT_REQUIRED',
  'INVALID_PARAMS',
  'UNSUPPORTED_OPERATION',
  'VERSION_NOT_SUPPORTED',
])
const refusalCodes: ReadonlySet<number> = new Set([-32_600, -32_601, -32_602, -32_700])
const unsentCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/** Reads what the SDK, or the network, throws for a call. */
export function callFailure(sdk: A2aClientSdk, thrown: unknown, name: string): CallFailure {
  const error =
    thrown instanceof Error && isProtocolError(sdk, thrown.cause) ? thrown.cause : thrown
  const because = messageOf(error)
  if (isProtocolError(sdk, error)) {
    const { errors } = sdk
    const code = errors.isJsonRpcError(error) ? error.envelopeCode : 0
    const isRefused = refusalReasons.has(error.reason) || refusalCodes.has(code)
    return isRefused
      ? of('AgentInputError', `${name} refused the message: ${because}`, [false, 'never'])
      : of('AgentCommunicationError', `${name} failed: ${because}`, [true, 'unknown'])
  }
  if (error instanceof HttpStatusError) {
    const { status } = error
    const isOpen = status === 408 || status >= 500
    const isRetryable = isOpen || status === 425 || status === 429
    const happened = isOpen ? 'unknown' : 'never'
    return of('AgentCommunicationError', `${name}: ${because}`, [isRetryable, happened])
  }
  if (isOrchestrationError(error)) {
    // The card could not be fetched, or an answer was too long.
    const happened = error.code === 'AgentCommunicationError' ? 'never' : 'unknown'
    return { error: describeThrown(error), happened }
  }
  const cause = error instanceof Error ? error.cause : undefined
  const more = cause === undefined ? '' : ` (${messageOf(cause)})`
  const happened = unsentCodes.has(codeOf(cause)) ? 'never' : 'unknown'
  return of('AgentCommunicationError', `${name} broke off: ${because}${more}`, [true, happened])
}

function isProtocolError(
  sdk: A2aClientSdk,
  error: unknown,
): error is InstanceType<A2aClientSdk['errors']['A2AError']> {
  return error instanceof sdk.errors.A2AError
}

function of(
  code: 'AgentCommunicationError' | 'AgentInputError',
  message: string,
  [retryable, happened]: readonly [boolean, Happened],
): CallFailure {
  return { error: failure(code, message, { retryable }), happened }
}

function codeOf(cause: unknown): string {
  const code = (cause as { readonly code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : ''
}
