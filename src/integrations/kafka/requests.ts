import { type CloudEvent, extendEvent } from '../../core/contracts/events.ts'
import { type ErrorJson, fromErrorJson, messageOf } from '../../core/errors.ts'
import { Request, type RequestOptions } from '../../mesh/index.ts'
import { decodeEvent, encodeEvent, type IncomingRecord } from './event-codec.ts'
import type { LogReader } from './log-reader.ts'
import type { MeshParts } from './mesh-parts.ts'
import { cancelHeader, errorHeader, replyTo, requestKey } from './remote-asker.ts'
import { ReplyTopics, replyTopicsOf } from './reply-topics.ts'
import { fleetingTopic } from './topics.ts'

/** How long a broker keeps replies: longer than anybody waits for one that came. */
const repliesKeptMs = 600_000

/** The requests of this process: they go out with the events, and the replies come back on a topic of its own. */
export class Requests {
  readonly #parts: MeshParts
  readonly #topicOf: (type: string) => string
  readonly #open = new Map<string, Request>()
  #replies: Promise<LogReader> | null = null
  #topics: ReplyTopics | null = null
  #names = 0

  constructor(parts: MeshParts, topicOf: (type: string) => string) {
    this.#parts = parts
    this.#topicOf = topicOf
  }

  /** The topic of this process's replies. */
  get topic(): string {
    return `${replyTopicsOf(this.#parts.prefix)}${this.#parts.instanceId}`
  }

  /** Sends a request once replies to it would be read. @throws as `EventMesh.request` */
  async ask(event: CloudEvent, options: RequestOptions): Promise<CloudEvent> {
    const { clock, append } = this.#parts
    const request = new Request(event, options, clock)
    if (request.isDone) return request.reply
    const key = `${this.#parts.instanceId}/${this.#names++}`
    this.#open.set(key, request)
    const topic = this.#topicOf(event.type)
    const named = { [replyTo]: this.topic, [requestKey]: key }
    request.whenGone(() => {
      // Handlers know the deadline; that the asker has given up earlier they must be told.
      if (options.signal?.aborted !== true) return
      const cancel = encodeEvent(topic, withoutData(request.event), {
        ...named,
        [cancelHeader]: '1',
      })
      append(cancel).catch((thrown: unknown) => this.#warn(event, thrown))
    })
    const sending = this.#ready().then(() => append(encodeEvent(topic, request.event, named)))
    sending.catch((thrown: unknown) => request.end(thrown))
    try {
      return await request.reply
    } finally {
      this.#open.delete(key)
    }
  }

  /** Resolves when replies are read, if anything was asked. */
  async settled(): Promise<void> {
    await this.#replies?.catch(() => undefined)
  }

  /** Nothing is asked any more; what waits for a reply waits no longer. */
  async close(why: Error): Promise<void> {
    this.#topics?.close()
    for (const request of this.#open.values()) request.end(why)
    const reader = await this.#replies?.catch(() => null)
    if (reader == null) return
    await reader.close()
    const { client, logger } = this.#parts
    await client
      .withAdmin('remove the topic of replies', (admin) =>
        admin.deleteTopics({ topics: [this.topic] }),
      )
      .catch((thrown: unknown) =>
        logger.log('debug', 'the topic of replies is left behind', { error: messageOf(thrown) }),
      )
  }

  #ready(): Promise<LogReader> {
    this.#replies ??= this.#listen().catch((thrown: unknown) => {
      this.#replies = null
      throw thrown
    })
    return this.#replies
  }

  async #listen(): Promise<LogReader> {
    await this.#parts.ensure([fleetingTopic(this.topic, repliesKeptMs)])
    const reader = this.#parts.reader({
      topics: [this.topic],
      onRecord: (record) => this.#take(record),
    })
    await reader.readAll('beginning')
    const onLost = (): Promise<void> => this.#listenAnew()
    this.#topics ??= new ReplyTopics(this.#parts, { own: this.topic, onLost })
    return reader
  }

  /** The topic was removed: its offsets begin anew. */
  async #listenAnew(): Promise<void> {
    const reader = await this.#replies
    this.#replies = null
    await reader?.close()
    await this.#ready()
  }

  #take(record: IncomingRecord): void {
    // Nobody waits any more: the reply was late, or the second one.
    const request = this.#open.get(record.headers.get(requestKey) ?? '')
    if (request === undefined) return
    try {
      if (record.headers.has(errorHeader))
        request.end(fromErrorJson(JSON.parse(record.value ?? '') as ErrorJson))
      else request.answered(decodeEvent(record), null)
    } catch (thrown) {
      void this.#parts.deadLetters.poison(record, thrown)
      request.end(thrown)
    }
  }

  #warn({ type }: CloudEvent, thrown: unknown): void {
    const error = messageOf(thrown)
    this.#parts.logger.log('warn', 'a request could not be taken back', { type, error })
  }
}

/** What a cancellation says of the event: enough to find the request. */
function withoutData(event: CloudEvent): CloudEvent {
  return extendEvent({ ...event, data: null }, {})
}
