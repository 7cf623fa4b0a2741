import type { Clock } from '../../core/clock.ts'
import type { CloudEvent } from '../../core/contracts/events.ts'
import { type MeshReading, type MeshTracer, silentMeshTracer } from '../../core/contracts/mesh.ts'
import { OrchestrationError } from '../../core/errors.ts'
import { type Logger, silentLogger } from '../../core/logger.ts'
import { type Random, systemRandom } from '../../core/random.ts'
import {
  addMember,
  compilePattern,
  DeadLetterDesk,
  type EventHandler,
  type EventMesh,
  type MeshDeadLetter,
  type MeshSubscription,
  type QueueOptions,
  refuseOther,
  refuseTooMany,
  type RequestOptions,
  stopMember,
  type SubscribeOptions,
  tracedEvent,
  TurnQueue,
  wholeOptions,
  type WorkQueue,
  checkTimeout,
  meshClosed,
  otherPattern,
  unhandled,
} from '../../mesh/index.ts'
import { Broadcast } from './broadcast.ts'
import { DeadLetterTopic } from './dead-letter-topic.ts'
import { encodeEvent, type OutgoingRecord } from './event-codec.ts'
import { Group } from './group.ts'
import { KafkaClient, type KafkaConnection } from './kafka-client.ts'
import { KafkaQueue } from './kafka-queue.ts'
import { loadKafka } from './load.ts'
import { LogReader } from './log-reader.ts'
import { LogWriter } from './log-writer.ts'
import type { MeshParts } from './mesh-parts.ts'
import { Requests } from './requests.ts'
import { Routes, tdaRoutes, type TopicRoute } from './routes.ts'
import { ensureTopics, eventTopic, fleetingTopic, type TopicPlan } from './topics.ts'

export interface KafkaMeshOptions extends KafkaConnection {
  readonly clock: Clock
  /** Default silent. */
  readonly logger?: Logger
  /** Default: no traces. */
  readonly tracer?: MeshTracer
  /** Beginning of the names of topics and groups. Default `aura`. */
  readonly prefix?: string
  /** Which topics carry which types, before the default `<prefix>.events.v1`. Default: the topics of TDA. */
  readonly routes?: readonly TopicRoute[]
  /** Partitions of topics of events that are made: as many processes of a group can share them. Default 12. */
  readonly partitions?: number
  /** Replicas of topics that are made; -1 is what the broker says. Default -1. */
  readonly replicas?: number
  /** Whether to make topics that are missing. Default true; false refuses to open without them. */
  readonly createTopics?: boolean
  /** For the name of this process among all that share the brokers. Default: the computer's. */
  readonly random?: Random
}

const deadLettersKeptMs = 30 * 86_400_000

/**
 * The event mesh over Kafka (docs/scale-out.md). Events, requests and their cancellations are messages of the
 * topic of their type; groups are consumer groups; replies come on a topic of this process; each queue is a
 * compacted topic. Publishing is coupled to no subscriber: what handlers have not taken waits in the broker.
 */
export class KafkaMesh implements EventMesh {
  readonly #parts: MeshParts
  readonly #routes: Routes
  readonly #writers: readonly LogWriter[]
  readonly #readers = new Set<LogReader>()
  /** By partition: where the last batch of this process begins. */
  readonly #written = new Map<string, { topic: string; partition: number; offset: bigint }>()
  readonly #broadcast: Broadcast
  readonly #groups = new Map<string, Promise<Group>>()
  readonly #open = new Map<string, Group>()
  readonly #requests: Requests
  readonly #queues = new Map<string, Promise<KafkaQueue>>()
  readonly #opened = new Map<string, KafkaQueue>()
  readonly #drained = new Set<() => void>()
  #closing: Promise<void> | null = null

  private constructor(client: KafkaClient, options: KafkaMeshOptions) {
    const { clock, logger = silentLogger, tracer = silentMeshTracer, prefix = 'aura' } = options
    const { random = systemRandom, createTopics = true, replicas = -1 } = options
    this.#routes = new Routes(options.routes ?? tdaRoutes, `${prefix}.events.v1`)
    const newWriter = (): LogWriter => {
      const onWritten = (topic: string, partition: number, offset: bigint): void =>
        void this.#written.set(`${topic}/${partition}`, { topic, partition, offset })
      return new LogWriter({
        producer: client.producer(),
        brokers: client.brokers,
        clock,
        onWritten,
      })
    }
    // Queues write much and wait for it: requests and events are not to stand behind them.
    const [events, queues] = [newWriter(), newWriter()]
    this.#writers = [events, queues]
    const append = (record: OutgoingRecord): Promise<void> => events.append(record)
    this.#parts = {
      client,
      clock,
      logger,
      tracer,
      prefix,
      append,
      instanceId: newInstanceId(random),
      desk: new DeadLetterDesk(clock, logger),
      turns: new TurnQueue(clock),
      deadLetters: new DeadLetterTopic({
        topic: `${prefix}.dead-letters.v1`,
        clock,
        logger,
        append,
      }),
      reader: (of) => {
        const reader = new LogReader({ client, clock, logger, ...of })
        this.#readers.add(reader)
        return reader
      },
      ensure: (plans) => ensureTopics(client, plans, { create: createTopics, replicas }),
      onLeft: () => this.#checkDrained(),
    }
    this.#broadcast = new Broadcast(this.#parts)
    this.#requests = new Requests(this.#parts, (type) => this.#routes.topicOf(type))
    this.#queueParts = { ...this.#parts, append: (record) => queues.append(record) }
  }

  readonly #queueParts: MeshParts

  /** @throws UsageError without the client's package; what `ensureTopics` throws */
  static async open(options: KafkaMeshOptions): Promise<KafkaMesh> {
    const client = new KafkaClient(await loadKafka(), options)
    const mesh = new KafkaMesh(client, options)
    const { partitions = 12 } = options
    try {
      await mesh.#parts.ensure([
        ...mesh.#routes.topics.map((topic): TopicPlan => eventTopic(topic, partitions)),
        fleetingTopic(`${mesh.#parts.prefix}.dead-letters.v1`, deadLettersKeptMs),
      ])
    } catch (thrown) {
      await mesh.close()
      throw thrown
    }
    return mesh
  }

  async publish(event: CloudEvent): Promise<void> {
    this.#refuseWhenClosed()
    const read = tracedEvent(event, this.#parts.tracer)
    await this.#parts.append(encodeEvent(this.#routes.topicOf(read.type), read))
  }

  async subscribe(
    pattern: string,
    handler: EventHandler,
    { group, maxConcurrent }: SubscribeOptions = {},
  ): Promise<MeshSubscription> {
    this.#refuseWhenClosed()
    const matches = compilePattern(pattern)
    checkConcurrency(maxConcurrent)
    const topics = this.#routes.topicsOf(pattern)
    if (group === undefined) {
      const listening = await this.#broadcast.open(pattern, matches, topics)
      const member = addMember(listening.channel, handler, maxConcurrent)
      return this.#subscription(async () => {
        this.#broadcast.end(listening)
        await stopMember(listening.channel, member, unhandled)
      })
    }
    const joined = await this.#group(group, pattern, topics)
    const member = addMember(joined.channel, handler, maxConcurrent)
    return this.#subscription(async () => {
      await stopMember(joined.channel, member, null)
      if (joined.channel.members.length > 0 || this.#open.get(group) !== joined) return
      this.#open.delete(group)
      this.#groups.delete(group)
      await joined.close()
    })
  }

  async request(event: CloudEvent, options: RequestOptions): Promise<CloudEvent> {
    this.#refuseWhenClosed()
    const { timeoutMs } = options
    checkTimeout(timeoutMs)
    return this.#requests.ask(tracedEvent(event, this.#parts.tracer), options)
  }

  async queue(name: string, options: QueueOptions = {}): Promise<WorkQueue> {
    this.#refuseWhenClosed()
    const whole = wholeOptions(name, options)
    const known = this.#queues.get(name)
    if (known !== undefined) {
      const queue = await known
      refuseOther(name, options, queue.options)
      return queue
    }
    refuseTooMany(this.#queues.size)
    const queue = new KafkaQueue(name, whole, this.#queueParts)
    const opening = queue.open().then(() => queue)
    this.#queues.set(name, opening)
    try {
      this.#opened.set(name, await opening)
    } catch (thrown) {
      this.#queues.delete(name)
      throw thrown
    }
    return queue
  }

  onDeadLetter(listener: (letter: MeshDeadLetter) => void): () => void {
    return this.#parts.desk.listen(listener)
  }

  readings(): readonly MeshReading[] {
    const nowMs = this.#parts.clock.nowMs()
    const listening = Array.from(this.#broadcast.all, ({ channel }) => channel.reading(nowMs))
    const groups = Array.from(this.#open.values(), ({ channel, lag }) => {
      const reading = channel.reading(nowMs)
      return { ...reading, depth: reading.depth + lag }
    })
    const topics = [...listening, ...groups].map((reading) => ({ ...reading, dead: 0 }))
    return [...topics, ...Array.from(this.#opened.values(), (queue) => queue.reading())]
  }

  /**
   * Resolves when what this process has published is handled, as far as this process handles it. What others
   * publish meanwhile may be under way.
   */
  async drain(): Promise<void> {
    for (;;) {
      await this.caughtUp()
      if (this.#isEmpty()) return
      await new Promise<void>((resolve) => this.#drained.add(resolve))
    }
  }

  /** Messages that this process has written. */
  get written(): number {
    return this.#writers.reduce((sum, { written }) => sum + written, 0)
  }

  /** Resolves when this process has written what it was given and read what it has written, where it reads. */
  async caughtUp(): Promise<void> {
    do {
      await this.#requests.settled()
      await Promise.all(this.#writers.map((writer) => writer.settled()))
      await Promise.all(
        Array.from(this.#written.values()).flatMap(({ topic, partition, offset }) =>
          Array.from(this.#readers, (reader) => reader.hasRead(topic, partition, offset)),
        ),
      )
    } while (this.#writers.some(({ isIdle }) => !isIdle))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#requests.close(meshClosed())
    const stopping = Array.from(this.#broadcast.all, async (listening) => {
      this.#broadcast.end(listening)
      const { channel } = listening
      await Promise.all(channel.members.map((member) => stopMember(channel, member, unhandled)))
    })
    const leaving = Array.from(this.#groups.values(), async (joining) => {
      const group = await joining.catch(() => null)
      if (group === null) return
      const { channel } = group
      await Promise.all([...channel.members].map((member) => stopMember(channel, member, null)))
      await group.close()
    })
    const closing = Array.from(this.#queues.values(), async (opening) => {
      const queue = await opening.catch(() => null)
      await queue?.close()
    })
    await Promise.all([...stopping, ...leaving, ...closing])
    this.#parts.deadLetters.close()
    await this.#broadcast.close()
    await Promise.all(this.#writers.map((writer) => writer.close()))
    await Promise.all(Array.from(this.#readers, (reader) => reader.close()))
    await this.#parts.client.close()
    this.#checkDrained()
  }

  async #group(name: string, pattern: string, topics: readonly string[]): Promise<Group> {
    let joining = this.#groups.get(name)
    if (joining === undefined) {
      const group = new Group(this.#parts, {
        name,
        pattern,
        topics,
        matches: compilePattern(pattern),
      })
      joining = group.open().then(() => group)
      this.#groups.set(name, joining)
    }
    try {
      const group = await joining
      if (group.pattern !== pattern) throw otherPattern(group.name, group.pattern)
      this.#open.set(name, group)
      return group
    } catch (thrown) {
      if (!this.#open.has(name)) this.#groups.delete(name)
      throw thrown
    }
  }

  #subscription(stop: () => Promise<void>): MeshSubscription {
    let stopping: Promise<void> | null = null
    return { stop: () => (stopping ??= stop().then(() => this.#checkDrained())) }
  }

  #isEmpty(): boolean {
    for (const { channel } of this.#broadcast.all) if (channel.size > 0) return false
    for (const { channel } of this.#open.values()) if (channel.size > 0) return false
    for (const queue of this.#opened.values()) if (!queue.isIdle) return false
    return this.#writers.every(({ isIdle }) => isIdle)
  }

  #checkDrained(): void {
    if (this.#drained.size === 0) return
    const told = [...this.#drained]
    this.#drained.clear()
    for (const resolve of told) resolve()
  }

  #refuseWhenClosed(): void {
    if (this.#closing !== null) throw meshClosed()
  }
}

/**
 * The mesh of a process over Kafka.
 *
 * @example
 * const mesh = await kafkaMesh({ brokers: ['127.0.0.1:9092'], clock: systemClock })
 */
export function kafkaMesh(options: KafkaMeshOptions): Promise<KafkaMesh> {
  return KafkaMesh.open(options)
}

/** 80 random bits as text. */
function newInstanceId(random: Random): string {
  return Array.from({ length: 16 }, () => Math.floor(random() * 32).toString(32)).join('')
}

function checkConcurrency(maxConcurrent = 1): void {
  if (!Number.isInteger(maxConcurrent) || maxConcurrent < 1)
    throw new OrchestrationError('InputError', 'maxConcurrent is an integer of 1 or more')
}
