import { ResourceExhaustionError } from '../core/errors.ts'

/** The refusal of an event where too many wait already. */
export function refusedWhenFull(
  type: string,
  whose: string,
  limit: { readonly name: string; readonly max: number; readonly hint: string },
): ResourceExhaustionError {
  return new ResourceExhaustionError(
    `event '${type}' is refused: ${limit.max} events wait for ${whose} (${limit.name})`,
    {
      retryable: true,
      hint: limit.hint,
      details: { limit: limit.name, max: limit.max },
    },
  )
}
