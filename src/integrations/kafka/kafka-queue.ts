import { repeatKey } from '../../core/contracts/events.ts'
import type { CloudEvent } from '../../core/contracts/events.ts'
import type { MeshReading } from '../../core/contracts/mesh.ts'
import { OrchestrationError, toErrorJson } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import {
  addMember,
  answeringHandler,
  Channel,
  type Envelope,
  type Keeper,
  type MeshSubscription,
  type QueueDeadLetter,
  type QueueOptions,
  refusedWhenFull,
  type SendOptions,
  stopMember,
  tracedEvent,
  type WorkDelivery,
  type WorkHandler,
  type WorkOptions,
  type WorkQueue,
  checkDelay,
} from '../../mesh/index.ts'
import type { MeshParts } from './mesh-parts.ts'
import type { QueueEntry } from './queue-log.ts'
import { QueueStory } from './queue-story.ts'

/** How much longer than its worker a claim holds: clocks of machines differ, and messages take time. */
const graceMs = 1_000
const againMs = 1_000

interface QueueEnvelope extends Envelope {
  readonly entry: QueueEntry
}

/**
 * A work queue in a compacted topic. All processes that have it open read its log; a worker takes a message by
 * writing a claim into the log, and works when it reads that its claim was the first. A claim is over after
 * `visibilityMs`, so that what a dead process had goes to another one; its deliveries are counted by its claims.
 */
export class KafkaQueue implements WorkQueue {
  readonly name: string
  readonly options: Required<QueueOptions>
  readonly #parts: MeshParts
  readonly #story: QueueStory
  readonly #channel: Channel
  /** What the channel has, by id. */
  readonly #inside = new Map<string, QueueEnvelope>()
  readonly #timers = new Map<string, () => void>()
  #sending = 0
  #isClosed = false

  constructor(name: string, options: Required<QueueOptions>, parts: MeshParts) {
    this.name = name
    this.options = options
    this.#parts = parts
    const { clock, tracer, turns } = parts
    this.#story = new QueueStory(name, parts, (entry) => this.#changed(entry))
    this.#channel = new Channel({
      clock,
      tracer,
      kind: 'queue',
      name,
      sizeMax: options.depthMax,
      deliveriesMax: options.deliveriesMax,
      timeoutMs: options.visibilityMs,
      keeper: this.#keeper(),
      gate: null,
      soon: (run) => turns.soon(run),
      onLeft: (envelope) => this.#left(of(envelope)),
      onDead: (envelope, thrown) => this.#tellDead(of(envelope), thrown),
    })
  }

  /** Resolves when everything that the queue had was read. @throws as `ensureTopics`, `kafkaError` */
  async open(): Promise<void> {
    await this.#story.open()
    for (const entry of this.#story.log.open.values()) this.#consider(entry)
  }

  /** Nobody works on it here, or there is nothing to do. */
  get isIdle(): boolean {
    return this.#story.log.open.size + this.#sending === 0 || this.#channel.members.length === 0
  }

  async send(
    event: CloudEvent,
    { delayMs = 0 }: SendOptions = {},
  ): Promise<'accepted' | 'repeated'> {
    this.#refuseWhenClosed()
    const read = tracedEvent(event, this.#parts.tracer)
    checkDelay(delayMs)
    const id = repeatKey(read)
    if (this.#story.log.entry(id) === undefined) this.#refuseWhenFull(read)
    const atMs = this.#parts.clock.nowMs()
    this.#sending++
    try {
      const isNew = await this.#story.send({ id, event: read, atMs, dueAtMs: atMs + delayMs })
      if (!isNew) this.#channel.counts.repeats++
      return isNew ? 'accepted' : 'repeated'
    } finally {
      this.#sending--
      this.#parts.onLeft()
    }
  }

  async work(handler: WorkHandler, { maxConcurrent }: WorkOptions = {}): Promise<MeshSubscription> {
    this.#refuseWhenClosed()
    const answering = answeringHandler((event, delivery) =>
      handler(event, this.#told(event, delivery)),
    )
    const member = addMember(this.#channel, answering, maxConcurrent)
    for (const entry of this.#story.log.open.values()) this.#consider(entry)
    let stopping: Promise<void> | null = null
    return { stop: () => (stopping ??= stopMember(this.#channel, member, null)) }
  }

  async deadLetters(limit = 100): Promise<readonly QueueDeadLetter[]> {
    return [...this.#story.log.dead.values()]
      .slice(0, limit)
      .map(({ id, event, claims, spent, error, diedAtMs }) => ({
        id,
        event,
        deliveries: claims - spent,
        error: error ?? toErrorJson(null),
        atMs: diedAtMs,
      }))
  }

  async redrive(id: string): Promise<void> {
    this.#refuseWhenClosed()
    const { claims } = this.#deadEntry(id)
    await this.#story.change(id, {
      kind: 'redriven',
      claim: claims,
      atMs: this.#parts.clock.nowMs(),
    })
  }

  async discard(id: string): Promise<void> {
    this.#refuseWhenClosed()
    this.#deadEntry(id)
    await this.#story.forget(id)
  }

  reading(): MeshReading {
    const nowMs = this.#parts.clock.nowMs()
    const { open, dead } = this.#story.log
    let inFlight = 0
    for (const { heldUntilMs } of open.values()) if (heldUntilMs > nowMs) inFlight++
    const [oldest] = open.values()
    const oldestAgeMs = oldest === undefined ? 0 : Math.max(0, nowMs - oldest.atMs)
    const counted = this.#channel.reading(nowMs)
    return { ...counted, depth: open.size - inFlight, inFlight, oldestAgeMs, dead: dead.size }
  }

  /** Takes nothing more and waits for handlers that run; the rest stays in the log. */
  async close(): Promise<void> {
    this.#isClosed = true
    const members = [...this.#channel.members]
    await Promise.all(members.map((member) => stopMember(this.#channel, member, null)))
    this.#channel.stopTimers()
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    // What the last handlers have done is on its way into the log.
    await this.#story.close()
  }

  #changed(entry: QueueEntry): void {
    const envelope = this.#inside.get(entry.id)
    if (entry.status !== 'waiting' && envelope !== undefined) this.#channel.withdraw(envelope)
    this.#consider(entry)
    const next = this.#story.log.firstOfKey(entry)
    if (next !== undefined && next !== entry) this.#consider(next)
    if (entry.status !== 'waiting') this.#parts.onLeft()
  }

  /** Puts a message into the channel as soon as it may be handled, if anybody works here. */
  #consider(entry: QueueEntry): void {
    this.#timers.get(entry.id)?.()
    this.#timers.delete(entry.id)
    const isOurs = this.#inside.has(entry.id)
    if (this.#isClosed || isOurs || this.#channel.members.length === 0) return
    if (entry.status !== 'waiting' || !entry.isSent || !this.#story.log.isFirst(entry)) return
    const nowMs = this.#parts.clock.nowMs()
    const waitMs = Math.max(entry.heldUntilMs, entry.dueAtMs) - nowMs
    if (waitMs > 0) {
      const ms = Math.min(waitMs, limits.timerArmMsMax)
      this.#timers.set(
        entry.id,
        this.#parts.clock.after(ms, () => this.#consider(entry)),
      )
      return
    }
    const { event, atMs, claims, spent } = entry
    const envelope = {
      entry,
      get event(): CloudEvent {
        if (event === null) throw unreadable()
        return event
      },
      key: null,
      asker: null,
      acceptedAtMs: atMs,
      isAlone: false,
      deliveries: claims - spent,
    }
    this.#inside.set(entry.id, envelope)
    this.#channel.add(envelope)
  }

  #left({ entry }: QueueEnvelope): void {
    this.#inside.delete(entry.id)
    if (entry.status === 'waiting' && !this.#isClosed) {
      // Somebody else was quicker, or it could not be recorded: the log tells, and if it says nothing, time.
      this.#timers.get(entry.id)?.()
      const again = (): void => this.#consider(entry)
      this.#timers.set(entry.id, this.#parts.clock.after(againMs, again))
    }
    this.#parts.onLeft()
  }

  #keeper(): Keeper {
    const story = this.#story
    const { clock, deadLetters } = this.#parts
    return {
      delivering: async (envelope) => {
        const { entry } = of(envelope)
        const atMs = clock.nowMs()
        const untilMs = atMs + this.options.visibilityMs + graceMs
        const claim = entry.claims + 1
        const isFirst = await story.change(entry.id, { kind: 'claimed', claim, atMs, untilMs })
        if (!isFirst) throw new Error('somebody else was quicker')
      },
      again: async (envelope, dueAtMs) => {
        const { entry } = of(envelope)
        await story.change(entry.id, { kind: 'released', claim: entry.claims, dueAtMs })
      },
      handled: (envelope) => story.done(of(envelope).entry.id),
      dead: async (envelope, thrown) => {
        const { entry } = of(envelope)
        const { event, claims } = entry
        const place = {
          pattern: null,
          group: null,
          queue: this.name,
          deliveries: envelope.deliveries,
        }
        if (event !== null) await deadLetters.event(event, place, thrown)
        const error = toErrorJson(thrown)
        const died = { kind: 'dead', claim: claims, error, atMs: clock.nowMs() } as const
        if (!(await story.change(entry.id, died))) throw new Error('somebody else has it')
        story.forgetOldestDead()
      },
    }
  }

  /** The delivery as the worker has it: more time for it is told to the log too. */
  #told(event: CloudEvent, delivery: WorkDelivery): WorkDelivery {
    const entry = this.#story.log.entry(repeatKey(event))
    return {
      attempt: delivery.attempt,
      signal: delivery.signal,
      get deadlineMs() {
        return delivery.deadlineMs
      },
      ack: () => delivery.ack(),
      nack: (options) => delivery.nack(options),
      extend: (ms) => {
        if (!delivery.extend(ms)) return false
        const untilMs = delivery.deadlineMs + graceMs
        if (entry !== undefined)
          this.#story
            .change(entry.id, { kind: 'extended', claim: entry.claims, untilMs })
            .catch(() => undefined)
        return true
      },
    }
  }

  #tellDead({ entry, deliveries }: QueueEnvelope, thrown: unknown): void {
    const where = { pattern: null, group: null, queue: this.name }
    this.#parts.desk.tell({ event: entry.event, ...where, deliveries, thrown })
  }

  #deadEntry(id: string): QueueEntry {
    const entry = this.#story.log.dead.get(id)
    if (entry !== undefined) return entry
    throw new OrchestrationError(
      'NotFoundError',
      `queue '${this.name}' has no dead letter '${id}'`,
      {
        hint: 'deadLetters() lists those that it has',
      },
    )
  }

  #refuseWhenFull({ type }: CloudEvent): void {
    if (this.#story.log.open.size + this.#sending < this.options.depthMax) return
    this.#channel.counts.refused++
    const hint = 'send it again later; more workers, or a higher depthMax, make room'
    const limit = { name: 'queueDepthMax', max: this.options.depthMax, hint }
    throw refusedWhenFull(type, `queue '${this.name}'`, limit)
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed)
      throw new OrchestrationError('RefusedError', `queue '${this.name}' is closed`)
  }
}

/** What is in the channel of a queue was put there by the queue. */
function of(envelope: Envelope): QueueEnvelope {
  return envelope as QueueEnvelope
}

function unreadable(): OrchestrationError {
  return new OrchestrationError('StateConsistencyError', 'a message of the queue cannot be read')
}
