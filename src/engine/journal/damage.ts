import { isOrchestrationError, StateConsistencyError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'

/** What to do about a damaged file. */
export const recoverHint =
  'the file is damaged: keep a copy and salvage what is readable with `aura recover`'

/** The discovery that something was altered on disk; `what` begins the sentence. */
export function damaged(what: string, details: JsonObject, cause?: unknown): StateConsistencyError {
  return new StateConsistencyError(`${what} is damaged`, {
    hint: recoverHint,
    details,
    ...(cause === undefined ? {} : { cause }),
  })
}

/**
 * Runs what decodes stored values; what it throws at damaged ones becomes that discovery.
 *
 * @throws StateConsistencyError
 */
export function decodingStored<T>(what: string, details: JsonObject, decode: () => T): T {
  try {
    return decode()
  } catch (thrown) {
    if (isOrchestrationError(thrown) || !isSignOfDamage(thrown)) throw thrown
    throw damaged(what, details, thrown)
  }
}

/** True for what decoding throws at a value that is no JSON, or has a type or size it was not written with. */
export function isSignOfDamage(thrown: unknown): boolean {
  if (thrown instanceof SyntaxError) return true
  if (!(thrown instanceof Error) || !('code' in thrown)) return false
  return thrown.code === 'ERR_OUT_OF_RANGE' || thrown.code === 'ERR_INVALID_ARG_TYPE'
}
