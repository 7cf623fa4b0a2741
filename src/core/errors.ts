import type { JsonObject } from './json.ts'

/** Every error code of Aura. One page per code: `docs/errors/<code>.md`. */
export const errorCodes = [
  'OrchestrationError',
  'InternalError',
  'DocumentError',
  'InputError',
  'UsageError',
  'NotFoundError',
  'RefusedError',
  'ExpressionError',
  'ExpressionLimitError',
  'WorkflowTimeoutError',
  'WorkflowCancelledError',
  'AgentError',
  'AgentCommunicationError',
  'AgentOutputError',
  'AgentInputError',
  'AgentModuleError',
  'AgentUnavailableError',
  'RepeatLimitError',
  'NoConsensusError',
  'PatternError',
  'PolicyError',
  'BudgetExceededError',
  'CrashLoopError',
  'UnknownOutcomeError',
  'ResolvedFailedError',
  'StepFailedError',
  'FeatureDisabledError',
  'StateConsistencyError',
  'StorageError',
  'ResourceExhaustionError',
  'OwnerError',
  'SeriesError',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** The JSON shape of an error, as in every command's output, HTTP body and journal row. No key is absent. */
export interface ErrorJson {
  readonly code: string
  readonly message: string
  readonly retryable: boolean
  readonly hint: string | null
  readonly details: JsonObject | null
}

export interface ErrorOptions {
  /** Whether trying the same call again can help. Default false. */
  readonly retryable?: boolean
  /** What the reader should do next. */
  readonly hint?: string
  readonly details?: JsonObject
  readonly cause?: unknown
}

const brand = Symbol.for('aura.OrchestrationError')

/** The base of every error that Aura raises: says what, where and which limit; `hint` says what to do next. */
export class OrchestrationError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly hint: string | null
  readonly details: JsonObject | null

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = code
    this.code = code
    this.retryable = options.retryable ?? false
    this.hint = options.hint ?? null
    this.details = options.details ?? null
    Object.defineProperty(this, brand, { value: true })
  }

  toJSON(): ErrorJson {
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      hint: this.hint,
      details: this.details,
    }
  }
}

/** An execution, an attempt or a wait took longer than its limit. */
export class WorkflowTimeoutError extends OrchestrationError {
  constructor(message: string, options?: ErrorOptions) {
    super('WorkflowTimeoutError', message, options)
  }
}

/** An agent is unreachable, breaks its protocol, or its breaker is open. Retryable unless said otherwise. */
export class AgentCommunicationError extends OrchestrationError {
  constructor(message: string, options?: ErrorOptions) {
    super('AgentCommunicationError', message, { retryable: true, ...options })
  }
}

/** A version conflict, a checksum that does not match, or an owner that has lost its file. */
export class StateConsistencyError extends OrchestrationError {
  constructor(message: string, options?: ErrorOptions) {
    super('StateConsistencyError', message, options)
  }
}

/** A named limit (admission, pool, budget, payload, disk) refused the work; nothing was half-started. */
export class ResourceExhaustionError extends OrchestrationError {
  constructor(message: string, options?: ErrorOptions) {
    super('ResourceExhaustionError', message, options)
  }
}

/** True for errors of any copy of this package that is loaded in the process. */
export function isOrchestrationError(value: unknown): value is OrchestrationError {
  return typeof value === 'object' && value !== null && brand in value
}

/**
 * The JSON shape of anything thrown. A foreign error becomes `code` with its message and its own
 * `retryable` (default true: user code that throws may well succeed the next time).
 */
export function toErrorJson(thrown: unknown, code: ErrorCode = 'AgentError'): ErrorJson {
  if (isOrchestrationError(thrown)) return thrown.toJSON()
  const retryable = readRetryable(thrown)
  return { code, message: messageOf(thrown), retryable, hint: null, details: null }
}

/** Rebuilds an error from its JSON shape; an unknown code becomes `OrchestrationError`. */
export function fromErrorJson(json: ErrorJson): OrchestrationError {
  const code = (errorCodes as readonly string[]).includes(json.code)
    ? (json.code as ErrorCode)
    : 'OrchestrationError'
  return new OrchestrationError(code, json.message, {
    retryable: json.retryable,
    ...(json.hint === null ? {} : { hint: json.hint }),
    ...(json.details === null ? {} : { details: json.details }),
  })
}

/** The message of anything thrown, cut at 2,000 characters so that no error floods a journal or a log. */
export function messageOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message || thrown.name : safeString(thrown)
  return text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text
}

function readRetryable(thrown: unknown): boolean {
  if (typeof thrown !== 'object' || thrown === null || !('retryable' in thrown)) return true
  return thrown.retryable !== false
}

function safeString(value: unknown): string {
  try {
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  } catch {
    return Object.prototype.toString.call(value)
  }
}
