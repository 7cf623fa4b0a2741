import { sleep, workflowInfo } from '@temporalio/workflow'

/** Smaller ones are not counted: more than a hundred fit beside those that are. */
const countedBytesMin = 32_768
/** Temporal takes messages of 4 MB, and terminates an execution whose message is longer. */
const messageBytesMax = 3_000_000

/**
 * All that one turn of an execution decides goes to Temporal in one message. What is large waits for a turn in whose
 * message it fits.
 */
export class MessageRoom {
  #turn = { historyLength: -1, bytes: 0 }
  #last: Promise<void> = Promise.resolve()

  /** Null: it may go at once. Else it may when that resolves, after all that came before it. */
  wait(bytes: number): Promise<void> | null {
    if (bytes < countedBytesMin) return null
    this.#last = this.#last.then(() => this.#fit(bytes))
    return this.#last
  }

  async #fit(bytes: number): Promise<void> {
    for (;;) {
      const { historyLength } = workflowInfo()
      if (historyLength !== this.#turn.historyLength) this.#turn = { historyLength, bytes: 0 }
      if (this.#turn.bytes === 0 || this.#turn.bytes + bytes <= messageBytesMax) break
      // A timer ends this turn, and its message with it.
      await sleep(1)
    }
    this.#turn.bytes += bytes
  }
}
