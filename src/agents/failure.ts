import { foreignPlace } from './foreign-place.ts'
import {
  isOrchestrationError,
  toErrorJson,
  type ErrorCode,
  type ErrorJson,
} from '../core/errors.ts'
import { isJsonObject, type JsonObject } from '../core/json.ts'
import { normaliseJson } from './json-value.ts'

const detailBytesMax = 65_536

/** An error in its JSON shape, without the cost of a stack. */
export function failure(
  code: ErrorCode,
  message: string,
  options: { readonly retryable: boolean; readonly hint?: string; readonly details?: JsonObject },
): ErrorJson {
  const { retryable, hint = null, details = null } = options
  return { code, message, retryable, hint, details }
}

/**
 * The JSON shape of anything an agent threw, whatever its getters do. Details that are not JSON or over 64 KiB
 * are dropped; what cannot be read at all is a retryable `AgentError`.
 */
export function describeThrown(thrown: unknown): ErrorJson {
  try {
    // What an agent throws need not keep the types it claims.
    const json: { readonly [Field in keyof ErrorJson]: unknown } = toErrorJson(thrown)
    return {
      code: String(json.code),
      message: String(json.message).slice(0, 2_001),
      retryable: json.retryable === true,
      hint: typeof json.hint === 'string' ? json.hint : null,
      details: readDetails(json.details) ?? placeOf(thrown),
    }
  } catch {
    return failure('AgentError', 'the agent threw something that cannot be read', {
      retryable: true,
    })
  }
}

/** Where foreign code threw: the first place on the stack that is neither Node's nor ours. */
function placeOf(thrown: unknown): JsonObject | null {
  if (!(thrown instanceof Error) || isOrchestrationError(thrown)) return null
  const at = foreignPlace(thrown)
  return at === undefined ? null : { at }
}

function readDetails(details: unknown): JsonObject | null {
  if (details === null || details === undefined) return null
  try {
    const rules = {
      what: 'details',
      bytesMax: detailBytesMax,
      code: 'AgentError',
      retryable: false,
    } as const
    const copy = normaliseJson(details, rules)
    return isJsonObject(copy) ? copy : null
  } catch {
    // The error itself matters more than its details.
    return null
  }
}
