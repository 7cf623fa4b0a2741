import { type CancellationScope, proxyActivities } from '@temporalio/workflow'
import { publishes } from '../../../engine/hosted.ts'
import type { KernelEvent } from '../../../workflow/index.ts'
import type { Activities } from '../wire.ts'

export interface HostedOutboxParts {
  readonly executionId: string
  readonly workflow: string
  readonly shield: CancellationScope
}

const attemptTimeoutMs = 30_000
const retryMsMax = 30_000

/** Sends what an execution publishes, in the order in which it was recorded: Temporal tries again until it is accepted. */
export class HostedOutbox {
  readonly #parts: HostedOutboxParts
  readonly #worker: Pick<Activities, 'publish'>
  #last: Promise<void> = Promise.resolve()

  constructor(parts: HostedOutboxParts) {
    this.#parts = parts
    this.#worker = proxyActivities<Activities>({
      startToCloseTimeout: attemptTimeoutMs,
      retry: { maximumInterval: retryMsMax },
    })
  }

  /** Resolves when everything was accepted. */
  sent(): Promise<void> {
    return this.#last
  }

  send(events: readonly KernelEvent[], atMs: number): void {
    const told = events.filter(publishes)
    if (told.length === 0) return
    const { executionId, workflow, shield } = this.#parts
    const published = { executionId, workflow, atMs, events: told }
    this.#last = shield.run(async () => {
      await this.#last
      await this.#worker.publish(published)
    })
  }
}
