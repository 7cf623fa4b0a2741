import {
  type ErrorCode,
  type ErrorOptions,
  isOrchestrationError,
  OrchestrationError,
} from '../core/errors.ts'

/** An error whose HTTP status is not the one of its code. */
export class Refusal extends OrchestrationError {
  readonly status: number

  constructor(status: number, code: ErrorCode, options: ErrorOptions & { message: string }) {
    super(code, options.message, options)
    this.status = status
  }
}

/** The same error, answered with another status. */
export function refusalOf(status: number, error: OrchestrationError): Refusal {
  const { code, message, retryable, hint, details } = error
  return new Refusal(status, code, {
    message,
    retryable,
    ...(hint === null ? {} : { hint }),
    ...(details === null ? {} : { details }),
    cause: error,
  })
}

/** The refusal of something that this owner of the file does not offer. */
export function notOffered(what: string, hint: string): Refusal {
  return new Refusal(501, 'RefusedError', { message: what, hint })
}

/** What a client may see of anything thrown: what is not Aura's own may tell of the inside. */
export function shownError(thrown: unknown): OrchestrationError {
  return isOrchestrationError(thrown)
    ? thrown
    : new OrchestrationError('InternalError', 'the request failed inside')
}
