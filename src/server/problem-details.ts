import type { ErrorCode, ErrorJson } from '../core/errors.ts'

/** An error as an HTTP body: RFC 9457 problem details with Aura's own members. No key is absent. */
export interface ProblemDetails {
  /** `https://…` would promise a page on the net; this names one of `docs/errors/`. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly retryable: boolean
  readonly hint: string | null
  readonly details: ErrorJson['details']
}

export const problemContentType = 'application/problem+json'

const statuses: { readonly [Code in ErrorCode]?: number } = {
  DocumentError: 422,
  InputError: 422,
  ExpressionError: 422,
  UsageError: 400,
  NotFoundError: 404,
  RefusedError: 409,
  FeatureDisabledError: 403,
  StateConsistencyError: 412,
  ResourceExhaustionError: 429,
  BudgetExceededError: 429,
  OwnerError: 503,
  StorageError: 503,
  AgentUnavailableError: 503,
  AgentCommunicationError: 503,
}

/** @param status goes before the one that belongs to the error's code */
export function problemDetails(error: ErrorJson, status?: number): ProblemDetails {
  return {
    type: `urn:aura:error:${error.code}`,
    title: error.code,
    status: status ?? statuses[error.code as ErrorCode] ?? 500,
    detail: error.message,
    code: error.code,
    retryable: error.retryable,
    hint: error.hint,
    details: error.details,
  }
}
