import type { Clock } from '../../core/clock.ts'
import { OrchestrationError } from '../../core/errors.ts'

/**
 * Follows a promise, but no longer than `ms`.
 *
 * @throws StorageError (retryable) when it is not settled by then
 */
export async function inTime<Answer>(
  answer: Promise<Answer>,
  wait: {
    readonly clock: Clock
    readonly ms: number
    readonly shown: string
    readonly hint: string
  },
): Promise<Answer> {
  const late = Promise.withResolvers<never>()
  const cancel = wait.clock.after(wait.ms, () => {
    const message = `Redis at ${wait.shown}: no answer within ${wait.ms} ms`
    late.reject(
      new OrchestrationError('StorageError', message, { retryable: true, hint: wait.hint }),
    )
  })
  try {
    return await Promise.race([answer, late.promise])
  } finally {
    cancel()
  }
}
