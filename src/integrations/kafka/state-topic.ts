import type { Clock } from '../../core/clock.ts'
import { type Logger, silentLogger } from '../../core/logger.ts'
import {
  type StateImage,
  type StateMirror,
  type StateStore,
  storeMirror,
  type VersionedEntry,
} from '../../state/index.ts'
import type { IncomingRecord, OutgoingRecord } from './event-codec.ts'
import { KafkaClient, type KafkaConnection, readPartitionName } from './kafka-client.ts'
import { loadKafka } from './load.ts'
import { LogReader } from './log-reader.ts'
import { LogWriter } from './log-writer.ts'
import { forgottenRecord, readStateRecord, stateRecord } from './state-record.ts'
import { compactedTopic, ensureTopics } from './topics.ts'

export interface KafkaStateTopicOptions extends KafkaConnection {
  readonly clock: Clock
  /** Default silent. */
  readonly logger?: Logger
  /** The topic is `<prefix>.state.v1`. Default `aura`. */
  readonly prefix?: string
  /** Partitions of the topic when it is made. Default 12. */
  readonly partitions?: number
  /** Replicas of the topic when it is made; -1 is what the broker says. Default -1. */
  readonly replicas?: number
  /** Whether to make the topic when it is missing. Default true. */
  readonly createTopics?: boolean
}

/** What a rebuild has read. */
export interface RebuiltState {
  readonly workflows: number
  /** Entries of these workflows, deleted ones included. */
  readonly entries: number
  /** Records that say nothing of a state; each is logged and passed over. */
  readonly unreadable: number
}

interface Known {
  readonly revision: number
  readonly entry: VersionedEntry
}

/**
 * The state of executions in a compacted topic: one record for each entry, the newest of which Kafka keeps. An
 * engine publishes there as to a mirror; from the topic alone the state of all executions that have not ended
 * can be made in any store. A reader sees the entries of one change one after the other.
 */
export class KafkaStateTopic implements StateMirror {
  readonly topic: string
  readonly #client: KafkaClient
  readonly #writer: LogWriter
  readonly #options: KafkaStateTopicOptions

  private constructor(client: KafkaClient, options: KafkaStateTopicOptions) {
    const { clock, prefix = 'aura' } = options
    this.topic = `${prefix}.state.v1`
    this.#client = client
    this.#options = options
    const { brokers } = client
    this.#writer = new LogWriter({
      producer: client.producer(),
      brokers,
      clock,
      onWritten: () => undefined,
    })
  }

  /** @throws UsageError without the client's package; what `ensureTopics` throws */
  static async open(options: KafkaStateTopicOptions): Promise<KafkaStateTopic> {
    const client = new KafkaClient(await loadKafka(), options)
    const { partitions = 12, replicas = -1, createTopics = true } = options
    const topic = new KafkaStateTopic(client, options)
    try {
      const plan = compactedTopic(topic.topic, partitions)
      await ensureTopics(client, [plan], { create: createTopics, replicas })
    } catch (thrown) {
      await topic.close()
      throw thrown
    }
    return topic
  }

  /** Records that this process has written. */
  get written(): number {
    return this.#writer.written
  }

  /** @throws as `LogWriter.append`: what is written then may be all, some or nothing of it */
  async take(workflowId: string, { revision, entries }: StateImage): Promise<void> {
    await this.#append(
      entries.map((entry) => stateRecord(this.topic, workflowId, { entry, revision })),
    )
  }

  /** The topic forgets the workflow: it grows with what is under way. @throws as `take` */
  async end(workflowId: string, keys: readonly string[]): Promise<void> {
    await this.#append(keys.map((key) => forgottenRecord(this.topic, workflowId, key)))
  }

  /**
   * Makes in a store what the topic says at this moment of every workflow that has not ended; what the store
   * has in higher versions stays. Repeats, and records in another order, make no difference. Holds all these
   * entries in memory meanwhile.
   *
   * @throws AgentCommunicationError when the broker is out of reach; as `StateStore.merge`
   */
  async rebuild(store: StateStore): Promise<RebuiltState> {
    const { logger = silentLogger } = this.#options
    const workflows = new Map<string, Map<string, Known>>()
    let unreadable = 0
    await this.#readAll((record) => {
      if (takeRecord(workflows, record)) return
      unreadable++
      const { topic, partition, offset } = record
      logger.log('error', 'a record of the state topic cannot be read', {
        topic,
        partition,
        offset: Number(offset),
      })
    })
    const mirror = storeMirror(store)
    let entries = 0
    for (const [workflowId, known] of workflows) {
      const all = [...known.values()]
      entries += all.length
      const revision = Math.max(...all.map((one) => one.revision))
      await mirror.take(workflowId, { revision, entries: all.map(({ entry }) => entry) }, null)
    }
    return { workflows: workflows.size, entries, unreadable }
  }

  /** Writes what it was given, and ends. */
  async close(): Promise<void> {
    await this.#writer.close()
    await this.#client.close()
  }

  async #append(records: readonly OutgoingRecord[]): Promise<void> {
    await Promise.all(records.map((record) => this.#writer.append(record)))
  }

  /** Every record from the beginning to where the topic ends at this moment. */
  async #readAll(onRecord: (record: IncomingRecord) => void): Promise<void> {
    const { clock, logger = silentLogger } = this.#options
    const topics = [this.topic]
    const ends = await this.#client.offsets(topics, 'end')
    const reader = new LogReader({ client: this.#client, clock, logger, topics, onRecord })
    try {
      await reader.readAll('beginning')
      await Promise.all(
        Array.from(ends, ([name, end]) => {
          const { topic, partition } = readPartitionName(name)
          return reader.hasRead(topic, partition, end - 1n)
        }),
      )
    } finally {
      await reader.close()
    }
  }
}

/** @returns false when it is no record of a state */
function takeRecord(workflows: Map<string, Map<string, Known>>, record: IncomingRecord): boolean {
  const read = readStateRecord(record)
  if (read === null) return false
  const { workflowId, key, image } = read
  const known = workflows.get(workflowId) ?? new Map<string, Known>()
  const entry = image?.entries[0]
  if (image === null || entry === undefined) {
    known.delete(key)
    if (known.size === 0) workflows.delete(workflowId)
    return true
  }
  workflows.set(workflowId, known)
  if ((known.get(key)?.entry.version ?? 0) < entry.version)
    known.set(key, { revision: image.revision, entry })
  return true
}

/**
 * Opens the compacted topic of state.
 *
 * @example
 * const topic = await kafkaStateTopic({ brokers: ['127.0.0.1:9092'], clock: systemClock })
 * const engine = await openEngine({ db: 'aura.db', agents, mirrors: [topic] })
 */
export function kafkaStateTopic(options: KafkaStateTopicOptions): Promise<KafkaStateTopic> {
  return KafkaStateTopic.open(options)
}
