import type { Clock } from '../core/clock.ts'
import { OrchestrationError } from '../core/errors.ts'
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

/** Takes every execution out of memory; whoever waits for one is told that it can be continued. */
export function letAllGo(runner: Runner): void {
  for (const running of Array.from(runner.executions.values())) {
    runner.letGo(running)
    const { executionId } = running.row
    const message = `the engine was closed; '${executionId}' can be continued`
    const error = new OrchestrationError('RefusedError', message)
    for (const { reject } of [...runner.takeWaiters(executionId), ...running.flushed.splice(0)])
      reject(error)
  }
}
