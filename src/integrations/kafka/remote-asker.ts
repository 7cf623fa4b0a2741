import type { Clock } from '../../core/clock.ts'
import type { CloudEvent } from '../../core/contracts/events.ts'
import { messageOf, toErrorJson } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import type { Logger } from '../../core/logger.ts'
import { type Asker, Request } from '../../mesh/index.ts'
import { encodeEvent, type IncomingRecord, type OutgoingRecord } from './event-codec.ts'

/** Header: the topic to which the reply goes. */
export const replyTo = 'aura-reply-to'
/** Header of a request, its reply and its cancellation: names the request. */
export const requestKey = 'aura-request'
/** Header of a reply that is an error. */
export const errorHeader = 'aura-error'
/** Header of a message by which an asker takes its request back. */
export const cancelHeader = 'aura-cancel'

export interface AskerParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly append: (record: OutgoingRecord) => Promise<void>
}

/**
 * The asker of a request that came from another process, or from this one by way of the broker: its deadline
 * is kept here too, and the first final answer is sent back.
 */
export class RemoteAsker implements Asker {
  readonly #request: Request
  readonly #controller = new AbortController()
  #hasFailed = false

  /** @param onEnded called once, when nobody here need know of it any more */
  constructor(
    parts: AskerParts,
    asked: { readonly event: CloudEvent; readonly record: IncomingRecord },
    onEnded: () => void,
  ) {
    const { clock } = parts
    const { event, record } = asked
    const dueMs = event.expirytime === undefined ? Infinity : Date.parse(event.expirytime)
    const timeoutMs = Math.min(dueMs - clock.nowMs(), limits.meshDeadlineMsMax)
    if (timeoutMs <= 0) this.cancel()
    this.#request = new Request(event, { timeoutMs, signal: this.#controller.signal }, clock)
    const answer = (reply: OutgoingRecord): void =>
      void parts.append(reply).catch((thrown: unknown) =>
        parts.logger.log('warn', 'a reply could not be sent', {
          type: event.type,
          error: messageOf(thrown),
        }),
      )
    const topic = record.headers.get(replyTo) ?? ''
    const named = { [requestKey]: record.headers.get(requestKey) ?? '' }
    void this.#request.reply
      .then(
        (reply) => answer(encodeEvent(topic, reply, named)),
        (thrown: unknown) => {
          // That nobody here has answered does not mean that nobody does.
          if (this.#hasFailed && !this.isGone) answer(errorReply(topic, named, thrown))
        },
      )
      .catch((thrown: unknown) => answer(errorReply(topic, named, thrown)))
      .finally(onEnded)
  }

  get isDone(): boolean {
    return this.#request.isDone
  }

  get isGone(): boolean {
    return this.#request.isGone
  }

  /** So many channels of this process have the request. */
  expect(channels: number): void {
    this.#request.expect(channels)
  }

  answered(reply: CloudEvent | null, thrown: unknown): void {
    this.#hasFailed ||= thrown !== null
    this.#request.answered(reply, thrown)
  }

  whenGone(stop: (why: Error) => void): () => void {
    return this.#request.whenGone(stop)
  }

  /** The asker does not wait any more. */
  cancel(): void {
    this.#controller.abort(new Error('the asker has cancelled the request'))
  }
}

function errorReply(
  topic: string,
  named: Readonly<Record<string, string>>,
  thrown: unknown,
): OutgoingRecord {
  const value = JSON.stringify(toErrorJson(thrown))
  return { topic, key: '', value, headers: { ...named, [errorHeader]: '1' } }
}
