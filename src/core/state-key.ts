import { OrchestrationError } from './errors.ts'

const keyPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/

/** The entry that the engine writes itself: what the TDA feed says. */
export const tdaStateKey = 'tda'

/** A key that an entry of state may have. @throws InputError for one that is malformed */
export function stateKey(key: string): string {
  if (keyPattern.test(key)) return key
  throw new OrchestrationError('InputError', `'${key.slice(0, 220)}' is no state key`, {
    hint: 'use 1 to 200 of A-Z a-z 0-9 . _ - and begin with a letter, a digit or _',
  })
}

/**
 * A key under which state may be written.
 *
 * @throws InputError for one that is malformed, or that the engine writes itself
 */
export function writableStateKey(key: string): string {
  if (stateKey(key) !== tdaStateKey) return key
  throw new OrchestrationError('InputError', `state '${key}' is written by the engine alone`, {
    hint: 'use another key',
  })
}
