import { Context } from '@temporalio/activity'
import type { Activities } from '../../../src/integrations/temporal/wire.ts'

/** States of a pending activity that mean something here, see Temporal's `PendingActivityState`. */
const scheduled = 1
const cancelRequested = 3

/** Activities that a test may hold. */
const ofAgents: readonly string[] = ['callAgent', 'lookUp']

/** What the worker of a harness does at the moment, by execution and activity. */
export class Shifts {
  /** Changes with every activity that begins or ends. */
  epoch = 0
  readonly #running = new Map<string, AbortSignal>()
  readonly #asking = new Set<string>()

  get size(): number {
    return this.#running.size
  }

  /** Those of a worker that is gone are nobody's. */
  forget(): void {
    this.#running.clear()
    this.#asking.clear()
  }

  watched(activities: Activities): Activities {
    return Object.fromEntries(
      Object.entries(activities).map(([name, run]) => [
        name,
        (...given: unknown[]) =>
          this.#watch(() => (run as (...args: unknown[]) => Promise<unknown>)(...given)),
      ]),
    ) as unknown as Activities
  }

  /** Whether nothing happens to the activity before a test does something. */
  isCalm(
    key: string,
    { attempt, state }: { readonly attempt: number; readonly state: unknown },
  ): boolean {
    // What a worker asks of other executions comes to its end by itself.
    if (this.#asking.has(key)) return false
    const signal = this.#running.get(key)
    // One that failed waits until Temporal tries it again.
    if (signal === undefined) return state === scheduled && attempt > 1
    return state !== cancelRequested || signal.aborted
  }

  async #watch(work: () => Promise<unknown>): Promise<unknown> {
    const { info, cancellationSignal } = Context.current()
    const key = `${info.workflowExecution?.workflowId} ${info.activityId}`
    if (!info.isLocal) this.#running.set(key, cancellationSignal)
    if (!ofAgents.includes(info.activityType)) this.#asking.add(key)
    this.epoch++
    try {
      return await work()
    } finally {
      this.epoch++
      this.#asking.delete(key)
      if (this.#running.get(key) === cancellationSignal) this.#running.delete(key)
    }
  }
}
