import type { PatternCall, PatternDecision, WantedCall } from '../core/contracts/pattern.ts'
import { type ErrorCode, type ErrorJson, OrchestrationError } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'

/** A pattern that has failed. */
export type Failed = Extract<PatternDecision, { kind: 'failed' }>

/** Nothing is to be done until an open call ends. */
export const wait: PatternDecision = { kind: 'call', calls: [] }

export function ask(...calls: readonly WantedCall[]): PatternDecision {
  return { kind: 'call', calls }
}

export function complete(output: JsonValue): PatternDecision {
  return { kind: 'completed', output }
}

/** The pattern fails for good: its calls have had their own retries. */
export function fail(
  code: ErrorCode,
  message: string,
  options: { readonly hint?: string; readonly details?: JsonObject } = {},
): Failed {
  return { kind: 'failed', error: new OrchestrationError(code, message, options).toJSON() }
}

/** The pattern fails with what one of its calls failed with. */
export function failWith(error: ErrorJson, message: string, details: JsonObject): Failed {
  return {
    kind: 'failed',
    error: {
      ...error,
      message: `${message}: ${error.message}`,
      retryable: false,
      details: { ...error.details, ...details },
    },
  }
}

export function failOverdue(what: string): Failed {
  return fail('WorkflowTimeoutError', `${what} when its deadline was over (options.deadline)`, {
    hint: 'raise options.deadline',
  })
}

/** `agent.action`, as messages name a call. */
export function labelOf({ agent, action }: Pick<PatternCall, 'agent' | 'action'>): string {
  return `${agent}.${action}`
}

/** An error as results show it. */
export function shownError(error: ErrorJson | null): JsonValue {
  return error === null ? null : { ...error }
}
