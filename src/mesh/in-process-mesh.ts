import type { Clock } from '../core/clock.ts'
import { type CloudEvent, repeatKey } from '../core/contracts/events.ts'
import { type MeshReading, type MeshTracer, silentMeshTracer } from '../core/contracts/mesh.ts'
import type { QueueDesk } from '../core/contracts/queue-letter.ts'
import type { QueueStore } from '../core/contracts/queue-store.ts'
import { OrchestrationError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import { type Logger, silentLogger } from '../core/logger.ts'
import { Channel, type Envelope, type Member } from './channel.ts'
import { DeadLetterDesk } from './dead-letter-desk.ts'
import type {
  EventHandler,
  EventMesh,
  MeshDeadLetter,
  MeshSubscription,
  PublishOptions,
  RequestOptions,
  SubscribeOptions,
} from './event-mesh.ts'
import { addMember, stopMember } from './members.ts'
import { compilePattern } from './pattern.ts'
import { Queues } from './queues.ts'
import { checkTimeout, meshClosed, otherPattern, refusedWhenFull, unhandled } from './refusals.ts'
import { Repeats } from './repeats.ts'
import { Request } from './request.ts'
import { tracedEvent } from './traced-event.ts'
import { TurnQueue } from './turn-queue.ts'

/** Types whose channels are remembered. */
const typesMax = 1_000

/** A publisher that waits for room. */
interface Waiting {
  readonly event: CloudEvent
  readonly cancel: () => void
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface InProcessMeshOptions {
  readonly clock: Clock
  /** Default silent. */
  readonly logger?: Logger
  /** Default: no traces. */
  readonly tracer?: MeshTracer
  /** Where queues keep their events. Default: in memory, for as long as the process lives. */
  readonly store?: QueueStore | null
}

/** A subscription or group that is open. */
interface Topic {
  readonly channel: Channel
  readonly pattern: string
  readonly group: string | null
  readonly matches: (type: string) => boolean
}

/** The event mesh inside one process: but for queues with a store, nothing is kept when it ends. */
export class InProcessMesh implements EventMesh {
  readonly #clock: Clock
  readonly #tracer: MeshTracer
  readonly #turns: TurnQueue
  readonly #topics = new Map<string, Topic>()
  readonly #byType = new Map<string, readonly Topic[]>()
  readonly #desk: DeadLetterDesk
  readonly #repeats: Repeats
  readonly #queues: Queues
  readonly #drained = new Set<() => void>()
  #waiting: Waiting[] = []
  #isAdmitting = false
  /** Events in all topics. */
  #inside = 0
  #names = 0
  #closing: Promise<void> | null = null

  constructor(options: InProcessMeshOptions) {
    const { clock, logger = silentLogger, tracer = silentMeshTracer, store = null } = options
    this.#clock = clock
    this.#tracer = tracer
    this.#turns = new TurnQueue(clock)
    this.#desk = new DeadLetterDesk(clock, logger)
    const window = { max: limits.meshRepeatsMax, windowMs: limits.meshRepeatWindowMs }
    this.#repeats = new Repeats({ clock, ...window })
    this.#queues = new Queues({
      clock,
      logger,
      tracer,
      store,
      desk: this.#desk,
      soon: (run) => this.#turns.soon(run),
      onLeft: () => this.#checkDrained(),
    })
  }

  async publish(event: CloudEvent, { roomWithinMs = 0 }: PublishOptions = {}): Promise<void> {
    this.#refuseWhenClosed()
    const read = tracedEvent(event, this.#tracer)
    if (this.#offerOnce(read)) return
    if (roomWithinMs <= 0 || this.#waiting.length >= limits.meshPublishersMax)
      throw this.#noRoom(read)
    await this.#room(read, roomWithinMs)
  }

  async subscribe(
    pattern: string,
    handler: EventHandler,
    { group, maxConcurrent }: SubscribeOptions = {},
  ): Promise<MeshSubscription> {
    this.#refuseWhenClosed()
    const name = group === undefined ? `/${this.#names++}` : `group ${group}`
    const topic = this.#topics.get(name) ?? this.#newTopic(pattern, group ?? null)
    if (topic.pattern !== pattern) throw otherPattern(topic.group, topic.pattern)
    const member = addMember(topic.channel, handler, maxConcurrent)
    this.#topics.set(name, topic)
    this.#byType.clear()
    let stopping: Promise<void> | null = null
    return {
      stop: () => (stopping ??= this.#stop(name, topic, member)),
    }
  }

  async request(event: CloudEvent, options: RequestOptions): Promise<CloudEvent> {
    this.#refuseWhenClosed()
    const { timeoutMs } = options
    checkTimeout(timeoutMs)
    const request = new Request(tracedEvent(event, this.#tracer), options, this.#clock)
    if (request.isDone) return request.reply
    const topics = this.#offer(request.event, request)
    if (topics === null) request.end(this.#noRoom(request.event))
    else request.expect(topics)
    return request.reply
  }

  async queue(...[name, options]: Parameters<EventMesh['queue']>): ReturnType<EventMesh['queue']> {
    this.#refuseWhenClosed()
    return this.#queues.open(name, options)
  }

  /** Closes dead letters of its queues, those included that are in the store and were not opened. */
  get queueLetters(): QueueDesk {
    return this.#queues.letters
  }

  onDeadLetter(listener: (letter: MeshDeadLetter) => void): () => void {
    return this.#desk.listen(listener)
  }

  readings(): readonly MeshReading[] {
    const nowMs = this.#clock.nowMs()
    const topics = Array.from(this.#topics.values(), ({ channel }) => channel.reading(nowMs))
    return [...topics.map((reading) => ({ ...reading, dead: 0 })), ...this.#queues.readings()]
  }

  drain(): Promise<void> {
    if (this.#isEmpty()) return Promise.resolve()
    return new Promise((resolve) => this.#drained.add(resolve))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const { cancel, reject } of this.#waiting.splice(0)) {
      cancel()
      reject(meshClosed())
    }
    const stopping = [...this.#topics].flatMap(([name, topic]) =>
      [...topic.channel.members].map((member) => this.#stop(name, topic, member)),
    )
    await Promise.all([...stopping, this.#queues.close()])
    this.#checkDrained()
  }

  /** Whether the event was accepted, now or before. */
  #offerOnce(event: CloudEvent): boolean {
    const key = repeatKey(event)
    if (this.#repeats.has(key)) {
      for (const { channel } of this.#topicsOf(event.type)) channel.counts.repeats++
      return true
    }
    const topics = this.#offer(event, null)
    // What nobody got is no repeat when it comes again.
    if (topics !== null && topics > 0) this.#repeats.add(key)
    return topics !== null
  }

  /** The number of topics that took the event; null when one of them is full, and then none has it. */
  #offer(event: CloudEvent, asker: Request | null): number | null {
    const topics = this.#topicsOf(event.type)
    for (const { channel } of topics) if (channel.isFull) return null
    this.#inside += topics.length
    const acceptedAtMs = this.#clock.nowMs()
    const key = event.partitionkey ?? null
    for (const { channel } of topics)
      channel.add({ event, key, asker, acceptedAtMs, isAlone: false, deliveries: 0 })
    return topics.length
  }

  /** Resolves when the event was accepted as soon as there was room. */
  #room(event: CloudEvent, withinMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(withinMs, () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
        reject(this.#noRoom(event))
        this.#checkDrained()
      })
      const waiting = { event, cancel, resolve, reject }
      this.#waiting.push(waiting)
    })
  }

  #topicsOf(type: string): readonly Topic[] {
    const known = this.#byType.get(type)
    if (known !== undefined) return known
    if (this.#byType.size >= typesMax) this.#byType.clear()
    const found = [...this.#topics.values()].filter(({ matches }) => matches(type))
    this.#byType.set(type, found)
    return found
  }

  #newTopic(pattern: string, group: string | null): Topic {
    const matches = compilePattern(pattern)
    const channel = new Channel({
      clock: this.#clock,
      tracer: this.#tracer,
      kind: group === null ? 'subscription' : 'group',
      name: group ?? pattern,
      sizeMax: limits.meshQueueMax,
      deliveriesMax: limits.meshDeliveriesMax,
      timeoutMs: limits.meshHandlerMsMax,
      keeper: null,
      gate: null,
      onLeft: () => this.#left(),
      onDead: (envelope, thrown) => this.#dead(topic, envelope, thrown),
      soon: (run) => this.#turns.soon(run),
    })
    const topic = { channel, pattern, group, matches }
    return topic
  }

  async #stop(name: string, { channel }: Topic, member: Member): Promise<void> {
    if (channel.members.length === 1 && channel.members[0] === member) {
      this.#topics.delete(name)
      this.#byType.clear()
    }
    await stopMember(channel, member, unhandled)
  }

  #dead({ pattern, group }: Topic, { event, deliveries }: Envelope, thrown: unknown): void {
    // Whoever publishes it again wants it handled.
    this.#repeats.forget(repeatKey(event))
    this.#desk.tell({ event, pattern, group, queue: null, deliveries, thrown })
  }

  #left(): void {
    this.#inside--
    if (this.#waiting.length > 0 && !this.#isAdmitting) {
      this.#isAdmitting = true
      this.#turns.soon(() => this.#admit())
    }
    this.#checkDrained()
  }

  /** Lets waiting publishers in, the first come first, as far as there is room for them. */
  #admit(): void {
    this.#isAdmitting = false
    this.#waiting = this.#waiting.filter(({ event, cancel, resolve }) => {
      if (!this.#offerOnce(event)) return true
      cancel()
      resolve()
      return false
    })
    this.#checkDrained()
  }

  #isEmpty(): boolean {
    return this.#inside === 0 && this.#waiting.length === 0 && this.#queues.isIdle
  }

  #checkDrained(): void {
    if (this.#drained.size === 0 || !this.#isEmpty()) return
    const told = [...this.#drained]
    this.#drained.clear()
    for (const resolve of told) resolve()
  }

  #noRoom({ type }: CloudEvent): OrchestrationError {
    const full = this.#topicsOf(type).find(({ channel }) => channel.isFull)
    if (full !== undefined) full.channel.counts.refused++
    const whose = full?.group == null ? `pattern '${full?.pattern}'` : `group '${full.group}'`
    const hint = 'publish it again later, or with roomWithinMs'
    return refusedWhenFull(type, whose, { name: 'meshQueueMax', max: limits.meshQueueMax, hint })
  }

  #refuseWhenClosed(): void {
    if (this.#closing !== null) throw meshClosed()
  }
}

/**
 * The mesh of a process, for `openEngine({ mesh: inProcessMesh })`.
 *
 * @example
 * let mesh: EventMesh | undefined
 * const engine = await openEngine({ db: 'aura.db', mesh: (host) => (mesh = inProcessMesh(host)) })
 */
export function inProcessMesh(options: InProcessMeshOptions): InProcessMesh {
  return new InProcessMesh(options)
}
