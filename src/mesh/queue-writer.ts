import type { Clock } from '../core/clock.ts'
import type { QueueChange, QueueStore } from '../core/contracts/queue-store.ts'
import { isOrchestrationError, messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'

interface Entry {
  readonly change: QueueChange
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const stallDelayMs = 250
const stallDelayMsMax = 5_000

/**
 * Group commit for all queues of a store: what one turn of the event loop changes is one commit at its end.
 * On a full disk what is being sent is refused at once, and everything else is tried again until it succeeds.
 * A batch that is refused for another reason is tried change by change, so that only the culprit fails.
 */
export class QueueWriter {
  readonly #store: QueueStore
  readonly #clock: Clock
  readonly #logger: Logger
  #pending: Entry[] = []
  #isScheduled = false
  #isCommitting = false
  #isClosed = false
  #delayMs = stallDelayMs
  #idle: (() => void)[] = []

  constructor(store: QueueStore, clock: Clock, logger: Logger) {
    this.#store = store
    this.#clock = clock
    this.#logger = logger
  }

  /** Resolves when the change is durable; rejects when it never will be. */
  write(change: QueueChange): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ change, resolve, reject })
      this.#schedule()
    })
  }

  /** Resolves when nothing is left to write; what cannot be written now is given up. */
  close(): Promise<void> {
    this.#isClosed = true
    if (this.#pending.length === 0 && !this.#isCommitting) return Promise.resolve()
    this.#schedule()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isCommitting) return
    this.#isScheduled = true
    this.#clock.atTurnEnd(() => {
      this.#isScheduled = false
      void this.#flush()
    })
  }

  async #flush(): Promise<void> {
    if (this.#isCommitting) return
    this.#isCommitting = true
    const batch = this.#pending
    this.#pending = []
    const error = await this.#commit(batch)
    if (error === null) {
      this.#delayMs = stallDelayMs
      for (const { resolve } of batch) resolve()
    } else if (isOrchestrationError(error) && error.retryable) this.#stall(batch, error)
    else if (batch.length === 1) batch[0]?.reject(error)
    else await this.#oneByOne(batch)
    this.#isCommitting = false
    if (this.#pending.length > 0) this.#schedule()
    else for (const resolve of this.#idle.splice(0)) resolve()
  }

  async #commit(batch: readonly Entry[]): Promise<unknown> {
    if (batch.length === 0) return null
    try {
      await this.#store.commit(batch.map(({ change }) => change))
      return null
    } catch (thrown) {
      return thrown
    }
  }

  async #oneByOne(batch: readonly Entry[]): Promise<void> {
    for (const entry of batch) {
      const error = await this.#commit([entry])
      if (error === null) entry.resolve()
      else entry.reject(error)
    }
  }

  #stall(batch: readonly Entry[], error: Error): void {
    const refused = new Set<number>()
    const kept: Entry[] = []
    for (const entry of batch) {
      const { change } = entry
      if (change.kind === 'sent') refused.add(change.position)
      if (this.#isClosed || refused.has(change.position)) entry.reject(error)
      else kept.push(entry)
    }
    if (kept.length === 0) return
    this.#logger.log('error', `queues cannot be recorded: ${messageOf(error)}`)
    const delayMs = this.#delayMs
    this.#delayMs = Math.min(2 * delayMs, stallDelayMsMax)
    // Ahead of what comes meanwhile, so that the changes of a message stay in order.
    this.#pending = [...kept, ...this.#pending]
    this.#isScheduled = true
    this.#clock.after(delayMs, () => {
      this.#isScheduled = false
      void this.#flush()
    })
  }
}
