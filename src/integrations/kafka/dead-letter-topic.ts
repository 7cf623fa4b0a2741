import type { Clock } from '../../core/clock.ts'
import type { CloudEvent } from '../../core/contracts/events.ts'
import { messageOf, toErrorJson } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { encodeEvent, type IncomingRecord, type OutgoingRecord } from './event-codec.ts'

export interface DeadLetterTopicOptions {
  readonly topic: string
  readonly clock: Clock
  readonly logger: Logger
  readonly append: (record: OutgoingRecord) => Promise<void>
}

/** Whose dead letter it is. */
export interface DeadLetterPlace {
  readonly pattern: string | null
  readonly group: string | null
  readonly queue: string | null
  readonly deliveries: number
}

const retryMs = 1_000

/**
 * Writes what was given up to the topic for dead letters: the message as it was, its headers among them, and
 * `aura-dlq-*` headers that say why, whose and where it came from.
 */
export class DeadLetterTopic {
  readonly #options: DeadLetterTopicOptions
  #isClosed = false

  constructor(options: DeadLetterTopicOptions) {
    this.#options = options
  }

  /** A message that is no event; never rejects. */
  async poison(record: IncomingRecord, thrown: unknown): Promise<void> {
    const { topic, logger } = this.#options
    const { topic: from, partition, offset, key, value, headers } = record
    const place = { pattern: null, group: null, queue: null, deliveries: 0 }
    logger.log('error', 'a message that is no event was put aside', {
      topic: from,
      partition,
      offset: Number(offset),
      error: messageOf(thrown),
      into: topic,
    })
    await this.#write({
      topic,
      key: key ?? '',
      value,
      headers: {
        ...Object.fromEntries(headers),
        ...this.#why(place, thrown),
        'aura-dlq-topic': from,
        'aura-dlq-partition': String(partition),
        'aura-dlq-offset': String(offset),
      },
    })
  }

  /** An event that was delivered in vain. False when the mesh was closed before it could be written. */
  async event(event: CloudEvent, place: DeadLetterPlace, thrown: unknown): Promise<boolean> {
    return this.#write(encodeEvent(this.#options.topic, event, this.#why(place, thrown)))
  }

  /** What cannot be written now is not written any more. */
  close(): void {
    this.#isClosed = true
  }

  #why(place: DeadLetterPlace, thrown: unknown): Record<string, string> {
    const { code, message } = toErrorJson(thrown)
    const { pattern, group, queue, deliveries } = place
    return {
      'aura-dlq-code': code,
      'aura-dlq-reason': message,
      'aura-dlq-deliveries': String(deliveries),
      'aura-dlq-at': new Date(this.#options.clock.nowMs()).toISOString(),
      ...(pattern === null ? {} : { 'aura-dlq-pattern': pattern }),
      ...(group === null ? {} : { 'aura-dlq-group': group }),
      ...(queue === null ? {} : { 'aura-dlq-queue': queue }),
    }
  }

  async #write(record: OutgoingRecord): Promise<boolean> {
    const { clock, append, logger } = this.#options
    for (;;) {
      try {
        await append(record)
        return true
      } catch (thrown) {
        logger.log('error', 'a dead letter cannot be written now', { error: messageOf(thrown) })
        if (this.#isClosed) return false
      }
      await new Promise<void>((resolve) => void clock.after(retryMs, resolve))
    }
  }
}
