import type { CloudEvent } from '../../core/contracts/events.ts'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import type { IncomingRecord, OutgoingRecord } from './event-codec.ts'
import type { LogReader } from './log-reader.ts'
import type { MeshParts } from './mesh-parts.ts'
import { decodeQueueRecord, encodeChange, encodeRemoval, encodeSent } from './queue-codec.ts'
import { type QueueChange, type QueueEntry, QueueLog } from './queue-log.ts'
import { compactedTopic, topicName } from './topics.ts'

/** The log of one queue: writes to it, reads it, and tells a writer what came of what it wrote. */
export class QueueStory {
  readonly log = new QueueLog()
  readonly #parts: MeshParts
  readonly #topic: string
  readonly #onChange: (entry: QueueEntry) => void
  readonly #reader: LogReader
  readonly #awaited = new Map<string, (holds: boolean) => void>()
  #tokens = 0

  /** @param onChange hears of each message that is not as it was */
  constructor(queue: string, parts: MeshParts, onChange: (entry: QueueEntry) => void) {
    this.#parts = parts
    this.#topic = topicName(`${parts.prefix}.queue.`, queue)
    this.#onChange = onChange
    this.#reader = parts.reader({
      topics: [this.#topic],
      onRecord: (record) => this.#take(record),
    })
  }

  async open(): Promise<void> {
    await this.#parts.ensure([compactedTopic(this.#topic)])
    const ends = await this.#parts.client.offsets([this.#topic], 'end')
    await this.#reader.readAll('beginning')
    await Promise.all(
      Array.from(ends.values(), (end) => this.#reader.hasRead(this.#topic, 0, end - 1n)),
    )
  }

  /** Resolves when it was read back: whether the queue did not know it. @throws as `LogWriter.append` */
  send(sent: {
    readonly id: string
    readonly event: CloudEvent
    readonly atMs: number
    readonly dueAtMs: number
  }): Promise<boolean> {
    return this.#append((token) => encodeSent(this.#topic, sent, token))
  }

  /** Resolves when it was read back: whether it holds. @throws as `LogWriter.append` */
  change(id: string, change: QueueChange): Promise<boolean> {
    return this.#append((token) => encodeChange(this.#topic, id, { ...change, token }))
  }

  /** The message was handled: its event is removed, and its id is remembered for a while. */
  async done(id: string): Promise<void> {
    await this.change(id, { kind: 'done' })
    this.#later(encodeRemoval(this.#topic, id, { rest: false }))
    if (this.log.done.size <= limits.queueRepeatsMax) return
    const [oldest] = this.log.done.keys()
    if (oldest !== undefined) this.#later(encodeRemoval(this.#topic, oldest, { rest: true }))
  }

  /** Nothing is known of it any more. */
  async forget(id: string): Promise<void> {
    this.#later(encodeRemoval(this.#topic, id, { rest: false }))
    await this.#append((token) => encodeRemoval(this.#topic, id, { rest: true, token }))
  }

  forgetOldestDead(): void {
    if (this.log.dead.size <= limits.queueDeadLettersMax) return
    const [oldest] = this.log.dead.keys()
    if (oldest === undefined) return
    this.#parts.logger.log('warn', 'the oldest dead letter of a queue is forgotten', {
      topic: this.#topic,
      limit: 'queueDeadLettersMax',
    })
    this.forget(oldest).catch(() => undefined)
  }

  async close(): Promise<void> {
    while (this.#awaited.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve))
    await this.#reader.close()
  }

  #onEmpty: () => void = () => {}

  async #append(encode: (token: string) => OutgoingRecord): Promise<boolean> {
    const token = `${this.#parts.instanceId}/${this.#tokens++}`
    const record = encode(token)
    const { promise, resolve, reject } = Promise.withResolvers<boolean>()
    this.#awaited.set(token, resolve)
    this.#parts.append(record).catch((thrown: unknown) => {
      this.#settle(token)
      reject(thrown)
    })
    return promise
  }

  #settle(token: string): ((holds: boolean) => void) | undefined {
    const told = this.#awaited.get(token)
    this.#awaited.delete(token)
    if (this.#awaited.size === 0) this.#onEmpty()
    return told
  }

  #later(record: OutgoingRecord): void {
    this.#parts.append(record).catch((thrown: unknown) =>
      this.#parts.logger.log('warn', 'a message could not be removed', {
        topic: this.#topic,
        error: messageOf(thrown),
      }),
    )
  }

  #take(read: IncomingRecord): void {
    try {
      const { record, token } = decodeQueueRecord(read)
      const holds = this.log.apply(record)
      this.#settle(token)?.(holds)
      const entry = this.log.entry(record.id)
      if (holds && entry !== undefined) this.#onChange(entry)
    } catch (thrown) {
      const cause = thrown instanceof SyntaxError ? notOurs(thrown) : thrown
      void this.#parts.deadLetters.poison(read, cause)
    }
  }
}

function notOurs(cause: unknown): OrchestrationError {
  return new OrchestrationError('InputError', 'a message of a queue is no record of one', { cause })
}
