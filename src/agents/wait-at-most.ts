import type { Clock } from '../core/clock.ts'
import { WorkflowTimeoutError } from '../core/errors.ts'
import { deadlinesOf, type Deadline } from './deadlines.ts'

/**
 * Follows a promise, but no longer than `atMostMs`; what it does later is ignored.
 *
 * @throws WorkflowTimeoutError (retryable) when it is not settled by then.
 */
export function waitAtMost<Value>(
  clock: Clock,
  atMostMs: number,
  promise: PromiseLike<Value>,
): Promise<Value> {
  return new Promise<Value>((resolve, reject) => {
    const deadlines = deadlinesOf(clock)
    const owner: Deadline = {
      deadline: null,
      expire: () =>
        reject(new WorkflowTimeoutError(`no end within ${atMostMs} ms`, { retryable: true })),
    }
    deadlines.add(owner, atMostMs)
    promise.then(
      (value) => {
        deadlines.remove(owner)
        resolve(value)
      },
      (error: unknown) => {
        deadlines.remove(owner)
        reject(error)
      },
    )
  })
}
