import type { Clock } from '../core/clock.ts'
import { type CloudEvent, extendEvent } from '../core/contracts/events.ts'
import { AgentCommunicationError, OrchestrationError } from '../core/errors.ts'
import type { Asker } from './channel.ts'
import type { RequestOptions } from './event-mesh.ts'

/**
 * One request: waits for the first reply. It ends by that, by its deadline, by cancellation, or when no
 * channel is left that might reply.
 */
export class Request implements Asker {
  isDone = false
  isGone = false
  readonly event: CloudEvent
  readonly reply: Promise<CloudEvent>
  readonly #resolve: (reply: CloudEvent) => void
  readonly #reject: (error: unknown) => void
  readonly #stops = new Set<(why: Error) => void>()
  readonly #release: () => void
  #outstanding = 0
  #thrown: unknown = null

  constructor(event: CloudEvent, { timeoutMs, signal }: RequestOptions, clock: Clock) {
    const expirytime = new Date(clock.nowMs() + timeoutMs).toISOString()
    const { correlationid = event.id } = event
    this.event = extendEvent(event, { correlationid, expirytime })
    const { promise, resolve, reject } = Promise.withResolvers<CloudEvent>()
    this.reply = promise
    this.#resolve = resolve
    this.#reject = reject
    const cancelDeadline = clock.after(timeoutMs, () =>
      this.#goneBy(unanswered(event, `there was no reply within ${timeoutMs} ms`)),
    )
    const onAbort = (): void => this.#goneBy(cancelled(event, signal?.reason))
    signal?.addEventListener('abort', onAbort)
    this.#release = () => {
      cancelDeadline()
      signal?.removeEventListener('abort', onAbort)
    }
    if (signal?.aborted === true) onAbort()
  }

  /** So many channels have the request; they may have answered already. */
  expect(channels: number): void {
    if (channels === 0) return this.end(unanswered(this.event, 'nobody is subscribed'))
    this.#outstanding += channels
    this.#judge()
  }

  answered(reply: CloudEvent | null, thrown: unknown): void {
    this.#outstanding--
    this.#thrown ??= thrown
    if (reply !== null && !this.isDone) {
      this.#done()
      this.#resolve(reply)
    }
    this.#judge()
  }

  end(error: unknown): void {
    if (this.isDone) return
    this.#done()
    this.#reject(error)
  }

  whenGone(stop: (why: Error) => void): () => void {
    this.#stops.add(stop)
    return () => void this.#stops.delete(stop)
  }

  #goneBy(error: Error): void {
    if (this.isDone) return
    this.isGone = true
    this.end(error)
    for (const stop of this.#stops) stop(error)
  }

  #done(): void {
    this.isDone = true
    this.#release()
  }

  #judge(): void {
    if (this.#outstanding !== 0) return
    this.end(this.#thrown ?? unanswered(this.event, 'it was handled without a reply'))
  }
}

function unanswered({ type }: CloudEvent, why: string): AgentCommunicationError {
  return new AgentCommunicationError(`request '${type}': ${why}`)
}

function cancelled({ type }: CloudEvent, reason: unknown): OrchestrationError {
  return new OrchestrationError('WorkflowCancelledError', `request '${type}' was cancelled`, {
    cause: reason,
  })
}
