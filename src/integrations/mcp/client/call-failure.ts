import { describeThrown, failure, type Happened } from '../../../agents/index.ts'
import {
  type ErrorCode,
  type ErrorJson,
  isOrchestrationError,
  messageOf,
} from '../../../core/errors.ts'
import type { McpClientSdk } from '../load.ts'

/** How a call of a tool failed, and whether it may have happened all the same. */
export interface CallFailure {
  readonly error: ErrorJson
  readonly happened: Happened
  /** Whether the connection is of no use any more: the server has forgotten it. */
  readonly isLost: boolean
}

const connectionClosed = -32_000
const requestTimeout = -32_001
const invalidParams = -32_602
const refusals: ReadonlyMap<number, 'AgentInputError' | 'AgentUnavailableError'> = new Map([
  [-32_600, 'AgentUnavailableError'],
  [-32_601, 'AgentUnavailableError'],
  [invalidParams, 'AgentInputError'],
])

function of(
  code: ErrorCode,
  message: string,
  options: { readonly retryable: boolean; readonly happened: Happened; readonly isLost?: boolean },
): CallFailure {
  const { retryable, happened, isLost = false } = options
  return { error: failure(code, message, { retryable }), happened, isLost }
}

/** Reads what the SDK throws for a call. `complaint` is what the server wrote on its standard error. */
export function callFailure(
  sdk: McpClientSdk,
  thrown: unknown,
  { name, complaint }: { readonly name: string; readonly complaint: string },
): CallFailure {
  if (isOrchestrationError(thrown)) {
    return { error: describeThrown(thrown), happened: 'never', isLost: false }
  }
  const because = messageOf(thrown)
  if (thrown instanceof sdk.McpError) {
    const refusal = refusals.get(thrown.code)
    if (refusal !== undefined) {
      return of(refusal, `${name} refused the call: ${because}`, {
        retryable: false,
        happened: 'never',
      })
    }
    if (thrown.code === connectionClosed || thrown.code === requestTimeout) {
      const said = complaint === '' ? '' : `; its server wrote: ${complaint}`
      const message = `${name} broke off: ${because}${said}`
      return of('AgentCommunicationError', message, { retryable: true, happened: 'unknown' })
    }
    return of('AgentError', `${name} failed: ${because}`, { retryable: true, happened: 'unknown' })
  }
  if (thrown instanceof sdk.StreamableHTTPError && (thrown.code ?? 0) >= 400) {
    const status = thrown.code ?? 0
    // 404 is also how a server says that it was started anew and knows nothing of this connection.
    const isLost = status === 404 || status === 400
    const isOpen = status === 408 || status >= 500
    const message = `${name} was answered with ${status}: ${because}`
    const retryable = isLost || isOpen || status === 429
    const happened = isOpen ? 'unknown' : 'never'
    return of('AgentCommunicationError', message, { retryable, happened, isLost })
  }
  // The SDK's own word for a connection that ended before the request was written.
  const isUnsent = because === 'Not connected' || unsentCodes.has(codeOf(causeOf(thrown)))
  return of(
    'AgentCommunicationError',
    `${name} broke off: ${because}${reasonOf(causeOf(thrown))}`,
    {
      retryable: true,
      happened: isUnsent ? 'never' : 'unknown',
      isLost: isUnsent,
    },
  )
}

const unsentCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

function causeOf(thrown: unknown): unknown {
  return thrown instanceof Error ? thrown.cause : undefined
}

function codeOf(cause: unknown): string {
  const code = (cause as { readonly code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : ''
}

function reasonOf(cause: unknown): string {
  return cause === undefined ? '' : ` (${messageOf(cause)})`
}
