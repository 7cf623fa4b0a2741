import type { Admin, Consumer, Producer } from '@platformatic/kafka'
import { kafkaError } from './kafka-error.ts'
import type { KafkaModule } from './load.ts'

/** How the process identifies itself towards brokers, and how secure the way to them is. */
export interface KafkaConnection {
  /** `host:port` each. */
  readonly brokers: readonly string[]
  /** Default `aura`. */
  readonly clientId?: string
  /** Options of `tls.connect`; default: no TLS. */
  readonly tls?: Readonly<Record<string, unknown>>
  readonly sasl?: {
    readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
    readonly username: string
    readonly password: string
  }
}

export type TextProducer = Producer<string, string, string, string>

/** How long one exchange with a broker may take, and how long a connection to it. */
const timeoutMs = 10_000
const connectTimeoutMs = 3_000
const retryDelayMs = 100
/** A member that is silent for so long has left its group: the client's own minute is too long to wait for. */
const sessionTimeoutMs = 10_000
const heartbeatMs = 1_000

/** Names a partition among those of all topics. */
export function partitionName(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

/** The topic and the number that `partitionName` has put together. */
export function readPartitionName(name: string): {
  readonly topic: string
  readonly partition: number
} {
  const slash = name.lastIndexOf('/')
  return { topic: name.slice(0, slash), partition: Number(name.slice(slash + 1)) }
}

/** Makes the clients of one process, all with the same addresses, credentials and patience. */
export class KafkaClient {
  readonly brokers: readonly string[]
  readonly #module: KafkaModule
  readonly #base
  /** Asks for offsets: over the connections of readers it would wait until the broker lets them go. */
  #asker: Consumer | null = null

  constructor(module: KafkaModule, { brokers, clientId = 'aura', tls, sasl }: KafkaConnection) {
    this.#module = module
    this.brokers = brokers
    this.#base = {
      clientId,
      bootstrapBrokers: [...brokers],
      timeout: timeoutMs,
      connectTimeout: connectTimeoutMs,
      retries: 3,
      retryDelay: retryDelayMs,
      ...(tls === undefined ? {} : { tls: { ...tls } }),
      ...(sasl === undefined ? {} : { sasl: { ...sasl } }),
    }
  }

  /** A producer whose own retries add nothing twice, and whose keys go where those of Java's producers go. */
  producer(): TextProducer {
    const { Producer, stringSerializers, compatibilityPartitioner } = this.#module
    return new Producer({
      ...this.#base,
      idempotent: true,
      acks: -1,
      serializers: stringSerializers,
      partitioner: compatibilityPartitioner,
    })
  }

  /** @param groupId of a member of a group; default: it only fetches and joins none */
  consumer(groupId = 'aura-reader'): Consumer {
    const { Consumer: Made } = this.#module
    return new Made({
      ...this.#base,
      groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: sessionTimeoutMs,
      heartbeatInterval: heartbeatMs,
      autocommit: false,
    })
  }

  /**
   * Where the partitions of topics begin or end now, by `<topic>/<partition>`.
   *
   * @throws as `kafkaError`
   */
  async offsets(
    topics: readonly string[],
    of: 'beginning' | 'end',
  ): Promise<ReadonlyMap<string, bigint>> {
    this.#asker ??= this.consumer()
    const timestamp = of === 'beginning' ? -2n : -1n
    try {
      const found = await this.#asker.listOffsets({ topics: [...topics], timestamp })
      const pairs = [...found].flatMap(([topic, offsets]) =>
        offsets.map((offset, partition) => [partitionName(topic, partition), offset] as const),
      )
      return new Map(pairs)
    } catch (thrown) {
      this.#asker.clearMetadata()
      throw kafkaError(`read ${topics.join(', ')}`, this.brokers, thrown)
    }
  }

  async close(): Promise<void> {
    await this.#asker?.close(true).catch(() => undefined)
  }

  /** Does something with a client that is closed afterwards. @throws as `kafkaError` */
  async withAdmin<T>(doing: string, work: (admin: Admin) => Promise<T>): Promise<T> {
    const { Admin: Made } = this.#module
    const admin = new Made(this.#base)
    try {
      return await work(admin)
    } catch (thrown) {
      throw kafkaError(doing, this.brokers, thrown)
    } finally {
      await admin.close()
    }
  }
}
