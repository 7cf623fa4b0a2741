import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'

/** Executions taken up in one turn of the event loop. */
const sliceMax = 1_000
/** Room is looked for again after so long, since memory also gets free while no execution ends. */
const againMs = 250

export interface RecoveryQueueParts {
  readonly clock: Clock
  readonly logger: Logger
  /** Whether another execution may be active now. */
  readonly hasRoom: () => boolean
  /** Drives an execution; one that has ended by now is left alone. */
  readonly takeUp: (executionId: string) => void
}

/**
 * Open executions that nobody drives yet, in the order in which they came. They are taken up while there is
 * room, in slices, so that the first calls are made while the last executions are still being read.
 */
export class RecoveryQueue {
  readonly #of: RecoveryQueueParts
  #ids: string[] = []
  /** The place of the next one. */
  #next = 0
  #isAtWork = false
  #stopWaiting: (() => void) | null = null
  #isClosed = false

  constructor(of: RecoveryQueueParts) {
    this.#of = of
  }

  get size(): number {
    return this.#ids.length - this.#next
  }

  /** The ids of all that wait. */
  ids(): readonly string[] {
    return this.#ids.slice(this.#next)
  }

  push(executionIds: readonly string[]): void {
    for (const executionId of executionIds) this.#ids.push(executionId)
    this.goOn()
  }

  /** Takes up as many as there is room for. */
  goOn(): void {
    if (this.#isAtWork || this.#isClosed || this.size === 0) return
    this.#isAtWork = true
    for (let count = 0; count < sliceMax && this.size > 0 && this.#of.hasRoom(); count++) {
      this.#takeUp(this.#ids[this.#next++] as string)
    }
    this.#isAtWork = false
    if (this.size === 0) {
      this.#ids = []
      this.#next = 0
    } else if (this.#of.hasRoom()) {
      this.#of.clock.atTurnEnd(() => this.goOn())
    } else {
      this.#stopWaiting ??= this.#of.clock.after(againMs, () => {
        this.#stopWaiting = null
        this.goOn()
      })
    }
  }

  close(): void {
    this.#isClosed = true
    this.#stopWaiting?.()
  }

  /** One that cannot be taken up is logged and left as it is. */
  #takeUp(executionId: string): void {
    try {
      this.#of.takeUp(executionId)
    } catch (thrown) {
      const message = `execution '${executionId}' cannot be taken up: ${messageOf(thrown)}`
      this.#of.logger.log('error', message, { executionId })
    }
  }
}
