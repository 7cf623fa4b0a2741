import type { Consumer } from '@platformatic/kafka'
import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { IncomingRecord } from './event-codec.ts'
import { isOutOfRange } from './kafka-error.ts'
import { type KafkaClient, partitionName, readPartitionName } from './kafka-client.ts'
import { type ReadPartition, recordsOf } from './records.ts'
import { messageBytesMax } from './topics.ts'

export interface LogReaderOptions {
  readonly client: KafkaClient
  readonly clock: Clock
  readonly logger: Logger
  readonly topics: readonly string[]
  /** Called in the order of each partition; must not throw. */
  readonly onRecord: (record: IncomingRecord) => void
  /** False: nothing more is fetched for now; `wake` says when it is worth asking again. Default: always. */
  readonly hasRoom?: () => boolean
}

/** One partition, from where it is read. */
interface Position {
  readonly topic: string
  readonly partition: number
  next: bigint
  /** Where it ended when it was read last. */
  end: bigint
}

/** How long a broker holds a request when nothing comes; data are not delayed by it. */
const idleWaitMs = 1_000
const retryMs = 100
const retryMsMax = 3_000

/**
 * Reads partitions from given offsets, without a group, over a connection of its own. Broken connections and
 * brokers that are away are tried again until `close`; nothing is left out and nothing is read twice.
 */
export class LogReader {
  readonly #options: LogReaderOptions
  readonly #consumer: Consumer
  readonly #positions = new Map<string, Position>()
  readonly #watchers = new Set<() => void>()
  #running: Promise<void> | null = null
  #rest: (() => void) | null = null
  #isClosed = false
  #failures = 0

  constructor(options: LogReaderOptions) {
    this.#options = options
    this.#consumer = options.client.consumer()
    this.#consumer.topics.trackAll(...options.topics)
  }

  /** Messages that the broker has and this reader has not read. */
  get lag(): number {
    let lag = 0n
    for (const { next, end } of this.#positions.values()) if (end > next) lag += end - next
    return Number(lag)
  }

  /** Reads every partition from its beginning, or from its end of this moment. @throws as `kafkaError` */
  async readAll(from: 'beginning' | 'end'): Promise<void> {
    const { client, topics } = this.#options
    this.assign(await client.offsets(topics, from))
  }

  /** Reads these partitions from these offsets and no others; those that it has go on where they are. */
  assign(offsets: ReadonlyMap<string, bigint>): void {
    for (const name of this.#positions.keys()) if (!offsets.has(name)) this.#positions.delete(name)
    for (const [name, next] of offsets) {
      if (this.#positions.has(name)) continue
      this.#positions.set(name, { ...readPartitionName(name), next, end: next })
    }
    if (!this.#isClosed) this.#running ??= this.#run()
    this.wake()
  }

  /** There may be room again, or something else to read. */
  wake(): void {
    this.#rest?.()
  }

  /** Resolves when the partition was read beyond this offset, is not read by this reader, or there is no room. */
  async hasRead(topic: string, partition: number, offset: bigint): Promise<void> {
    const name = partitionName(topic, partition)
    for (;;) {
      const position = this.#positions.get(name)
      if (this.#isClosed || position === undefined || position.next > offset) return
      if (this.#options.hasRoom?.() === false) return
      await new Promise<void>((resolve) => this.#watchers.add(resolve))
    }
  }

  /** Reads nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.wake()
    // With force: a broker may hold the last request for seconds.
    await this.#consumer.close(true).catch(() => undefined)
    await this.#running
    this.#tellWatchers()
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    while (!this.#isClosed) {
      if (this.#positions.size === 0 || this.#options.hasRoom?.() === false) {
        await this.#pause(null)
        continue
      }
      try {
        await this.#fetch()
        this.#failures = 0
      } catch (thrown) {
        if (this.#isClosed) return
        await this.#recover(thrown)
      }
    }
  }

  async #recover(thrown: unknown): Promise<void> {
    const { logger, topics } = this.#options
    if (isOutOfRange(thrown)) await this.#skipForgotten().catch(() => undefined)
    this.#consumer.clearMetadata()
    const delayMs = Math.min(retryMs * 2 ** this.#failures++, retryMsMax)
    // The first failure is the rule when a broker is restarted.
    const level = this.#failures > 1 ? 'warn' : 'debug'
    logger.log(level, 'Kafka cannot be read now, it is tried again', {
      topics: topics.join(', '),
      error: messageOf(thrown),
    })
    await this.#pause(delayMs)
  }

  /** What the broker has removed already is not waited for. */
  async #skipForgotten(): Promise<void> {
    const { client, topics, logger } = this.#options
    for (const [name, first] of await client.offsets(topics, 'beginning')) {
      const position = this.#positions.get(name)
      if (position === undefined || position.next >= first) continue
      logger.log('error', 'messages were removed before they were read', {
        partition: name,
        messages: Number(first - position.next),
      })
      position.next = first
    }
  }

  async #fetch(): Promise<void> {
    const { topics } = this.#options
    const metadata = await this.#consumer.metadata({ topics: [...topics] })
    const asked = new Map<string, Position>()
    const byNode = new Map<number, { topicId: string; partitions: ReturnType<typeof wanted>[] }[]>()
    for (const position of this.#positions.values()) {
      const topic = metadata.topics.get(position.topic)
      const leader = topic?.partitions[position.partition]?.leader
      if (topic === undefined || leader === undefined) continue
      asked.set(partitionName(topic.id, position.partition), position)
      const ofNode = byNode.get(leader) ?? []
      byNode.set(leader, ofNode)
      const known = ofNode.find(({ topicId }) => topicId === topic.id)
      if (known === undefined) ofNode.push({ topicId: topic.id, partitions: [wanted(position)] })
      else known.partitions.push(wanted(position))
    }
    if (byNode.size === 0) throw new Error('no broker leads any of its partitions')
    const bounds = { minBytes: 1, maxBytes: 4 * messageBytesMax, isolationLevel: 1 }
    // With several brokers none is to wait long for another one that has nothing.
    const maxWaitTime = byNode.size > 1 ? 100 : idleWaitMs
    const answers = await Promise.all(
      [...byNode].map(([node, wants]) =>
        this.#consumer.fetch({ node, topics: wants, maxWaitTime, ...bounds }),
      ),
    )
    for (const { responses } of answers)
      for (const { topicId, partitions } of responses)
        for (const read of partitions)
          this.#take(asked.get(partitionName(topicId, read.partitionIndex)), read)
    this.#tellWatchers()
  }

  /** @param position for which it was asked: one that was taken away meanwhile, and came back, is another one */
  #take(position: Position | undefined, read: ReadPartition & { highWatermark: bigint }): void {
    if (position === undefined) return
    const { topic, partition } = position
    if (this.#positions.get(partitionName(topic, partition)) !== position) return
    position.end = read.highWatermark
    for (const { record, next } of recordsOf(topic, read)) {
      if (next <= position.next) continue
      position.next = next
      if (record !== null && !this.#isClosed) this.#options.onRecord(record)
    }
  }

  #tellWatchers(): void {
    for (const tell of this.#watchers) tell()
    this.#watchers.clear()
  }

  /** Until `wake`, at most so long. */
  async #pause(ms: number | null): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = ms === null ? () => {} : this.#options.clock.after(ms, resolve)
      this.#rest = () => {
        cancel()
        resolve()
      }
    })
    this.#rest = null
  }
}

function wanted({ partition, next }: Position) {
  return {
    partition,
    fetchOffset: next,
    partitionMaxBytes: messageBytesMax,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
  }
}
