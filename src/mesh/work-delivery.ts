import type { Delivery, EventHandler } from './event-mesh.ts'
import { Postponed } from './postponed.ts'
import type { WorkDelivery, WorkHandler } from './work-queue.ts'

/** The handler of a queue as its channel calls it: settled by what the worker says first. */
export function answeringHandler(handler: WorkHandler): EventHandler {
  return (event, delivery) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const answer = new Answer(delivery, resolve, reject)
    try {
      Promise.resolve(handler(event, answer)).then(() => answer.ack(), answer.failed)
    } catch (thrown) {
      answer.failed(thrown)
    }
    return promise
  }
}

/** One delivery that the worker answers once. */
class Answer implements WorkDelivery {
  readonly attempt: number
  readonly signal: AbortSignal
  readonly #delivery: Delivery
  readonly #resolve: () => void
  readonly #reject: (thrown: unknown) => void
  #isAnswered = false

  constructor(delivery: Delivery, resolve: () => void, reject: (thrown: unknown) => void) {
    this.attempt = delivery.attempt
    this.signal = delivery.signal
    this.#delivery = delivery
    this.#resolve = resolve
    this.#reject = reject
  }

  get deadlineMs(): number {
    return this.#delivery.deadlineMs
  }

  extend(ms: number): boolean {
    return !this.#isAnswered && this.#delivery.extend(ms)
  }

  ack(): boolean {
    return this.#answer(this.#resolve)
  }

  nack(options: { readonly delayMs?: number } = {}): boolean {
    return this.#answer(() => this.#reject(new Postponed(options.delayMs ?? null)))
  }

  readonly failed = (thrown: unknown): void => void this.#answer(() => this.#reject(thrown))

  #answer(say: () => void): boolean {
    if (this.#isAnswered || this.signal.aborted) return false
    this.#isAnswered = true
    say()
    return true
  }
}
