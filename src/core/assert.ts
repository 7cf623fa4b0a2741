import { OrchestrationError } from './errors.ts'

/** Ends a `switch` over a tagged union: a new variant becomes a type error here. */
export function assertNever(value: never, what = 'variant'): never {
  throw new OrchestrationError('InternalError', `unexpected ${what}: ${JSON.stringify(value)}`)
}

/**
 * Stops on a broken invariant.
 *
 * @throws InternalError, which is never retried.
 */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new OrchestrationError('InternalError', message)
}
