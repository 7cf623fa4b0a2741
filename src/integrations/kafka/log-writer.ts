import type { Clock } from '../../core/clock.ts'
import { OrchestrationError, ResourceExhaustionError } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import type { OutgoingRecord } from './event-codec.ts'
import { kafkaError } from './kafka-error.ts'
import type { TextProducer } from './kafka-client.ts'
import { messageBytesMax } from './topics.ts'

export interface LogWriterOptions {
  readonly producer: TextProducer
  readonly brokers: readonly string[]
  readonly clock: Clock
  /** Hears where in each partition the first record of a batch was put; batches are read as a whole. */
  readonly onWritten: (topic: string, partition: number, offset: bigint) => void
}

interface Entry {
  readonly record: OutgoingRecord
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Records in one request. */
const batchMax = 1_000
/** How long to wait for a broker that is away before the writer of a record is told. */
const patienceMs = 15_000

/**
 * Writes records in the order in which they were given, each once as far as the broker can tell (idempotent
 * producer, acknowledged by all replicas in sync). What comes while a request is under way goes into the next
 * one: the busier it is, the fewer requests a record costs.
 */
export class LogWriter {
  readonly #options: LogWriterOptions
  /** Records that the broker has. */
  written = 0
  #waiting: Entry[] = []
  #isSending = false
  #closing: Promise<void> | null = null
  #idle: (() => void)[] = []

  constructor(options: LogWriterOptions) {
    this.#options = options
  }

  /** Nothing waits and nothing is under way. */
  get isIdle(): boolean {
    return !this.#isSending && this.#waiting.length === 0
  }

  /**
   * Resolves when the broker has it.
   *
   * @throws ResourceExhaustionError (retryable) when `meshQueueMax` records wait; AgentCommunicationError when
   *   no broker takes it for 15 s: it may be written all the same; RefusedError once closed
   */
  append(record: OutgoingRecord): Promise<void> {
    if (this.#closing !== null)
      return Promise.reject(new OrchestrationError('RefusedError', 'the event mesh is closed'))
    if (this.#waiting.length >= limits.meshQueueMax) return Promise.reject(tooMany(record))
    const bytes = bytesAtMost(record)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, bytes, resolve, reject })
      if (!this.#isSending) {
        this.#isSending = true
        queueMicrotask(() => void this.#send())
      }
    })
  }

  /** Resolves when nothing waits and nothing is under way. */
  async settled(): Promise<void> {
    if (!this.isIdle) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  /** Takes nothing more; resolves when everything is written, or was refused. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.settled()
    await this.#options.producer.close(true).catch(() => undefined)
  }

  /** Never rejects. */
  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#take()
      const error = await this.#request(batch)
      if (error !== null && !error.retryable && batch.length > 1) await this.#oneByOne(batch)
      else for (const entry of batch) settle(entry, error)
    }
    this.#isSending = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** So that what one record is refused for does not hit its neighbours. */
  async #oneByOne(batch: readonly Entry[]): Promise<void> {
    for (const entry of batch) settle(entry, await this.#request([entry]))
  }

  #take(): readonly Entry[] {
    let count = 0
    let bytes = 0
    for (const entry of this.#waiting) {
      bytes += entry.bytes
      if (count > 0 && (bytes > messageBytesMax || count >= batchMax)) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #request(batch: readonly Entry[]): Promise<OrchestrationError | null> {
    const { producer, brokers, clock, onWritten } = this.#options
    const messages = batch.map(({ record: { topic, key, value, headers } }) => ({
      topic,
      key,
      headers,
      ...(value === null ? {} : { value }),
    }))
    const gone = Promise.withResolvers<never>()
    const cancel = clock.after(patienceMs, () =>
      gone.reject(new Error(`no answer within ${patienceMs} ms`)),
    )
    try {
      const { offsets = [] } = await Promise.race([producer.send({ messages }), gone.promise])
      for (const { topic, partition, offset } of offsets) onWritten(topic, partition, offset)
      this.written += batch.length
      return null
    } catch (thrown) {
      const topics = [...new Set(messages.map(({ topic }) => `'${topic}'`))].join(', ')
      return kafkaError(`write to ${topics}`, brokers, thrown)
    } finally {
      cancel()
    }
  }
}

function settle({ resolve, reject }: Entry, error: OrchestrationError | null): void {
  if (error === null) resolve()
  else reject(error)
}

/** UTF-8 takes at most three bytes for each unit of a text. */
function bytesAtMost({ key, value, headers }: OutgoingRecord): number {
  let units = key.length + (value?.length ?? 0)
  for (const [name, text] of Object.entries(headers)) units += name.length + text.length + 10
  return 3 * units + 100
}

function tooMany({ topic }: OutgoingRecord): ResourceExhaustionError {
  return new ResourceExhaustionError(
    `${limits.meshQueueMax} messages wait to be written, that to '${topic}' is refused (meshQueueMax)`,
    {
      retryable: true,
      hint: 'publish it again later',
      details: { limit: 'meshQueueMax', max: limits.meshQueueMax },
    },
  )
}
