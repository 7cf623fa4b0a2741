import type { Clock } from '../core/clock.ts'
import { AgentCommunicationError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { Delivery } from './event-mesh.ts'

/** One delivery while its handler runs: over when it is settled, aborted, or past its deadline. */
export class RunningDelivery implements Delivery {
  readonly attempt: number
  deadlineMs = 0
  /** Rejects when the handler is not waited for any more. */
  readonly abandoned: Promise<never>
  readonly #clock: Clock
  readonly #type: string
  readonly #controller = new AbortController()
  readonly #abandon: (why: unknown) => void
  #cancelDeadline: () => void = () => {}
  #isOver = false

  constructor(
    clock: Clock,
    of: { readonly attempt: number; readonly timeoutMs: number; readonly type: string },
  ) {
    this.attempt = of.attempt
    this.#clock = clock
    this.#type = of.type
    const { promise, reject } = Promise.withResolvers<never>()
    this.abandoned = promise
    this.#abandon = reject
    this.#arm(of.timeoutMs)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get isOver(): boolean {
    return this.#isOver
  }

  extend(ms: number): boolean {
    if (this.#isOver || !(ms > 0)) return false
    this.#cancelDeadline()
    this.#arm(ms)
    return true
  }

  /** Tells the handler to stop and waits for it no longer. */
  abort(why: Error): void {
    if (this.#isOver) return
    this.end()
    this.#controller.abort(why)
    this.#abandon(why)
  }

  /** The handler is settled: its deadline means nothing any more. */
  end(): void {
    this.#isOver = true
    this.#cancelDeadline()
  }

  #arm(ms: number): void {
    const timeoutMs = Math.min(ms, limits.meshDeadlineMsMax)
    this.deadlineMs = this.#clock.nowMs() + timeoutMs
    this.#cancelDeadline = this.#clock.after(timeoutMs, () =>
      this.abort(
        new AgentCommunicationError(
          `the handler of '${this.#type}' has taken ${timeoutMs} ms: its time is over`,
          { hint: 'make it quicker, ask for more time by delivery.extend, or raise visibilityMs' },
        ),
      ),
    )
  }
}
