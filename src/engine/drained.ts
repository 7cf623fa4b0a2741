import type { Clock } from '../core/clock.ts'
import type { Runner } from './runner.ts'

/** Running attempts are awaited so long when an engine closes. */
const drainMs = 5_000

/** Resolves when running attempts have ended and are recorded, or it took too long. */
export function drained(clock: Clock, { dispatcher, committer }: Runner): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(drainMs, resolve)
    void dispatcher
      .idle()
      .then(() => committer.idle())
      .then(() => {
        cancel()
        resolve()
      })
  })
}
