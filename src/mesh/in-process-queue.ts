import type { Clock } from '../core/clock.ts'
import { type CloudEvent, repeatKey } from '../core/contracts/events.ts'
import type { MeshReading, MeshTracer } from '../core/contracts/mesh.ts'
import type { QueueStore, StoredMessage } from '../core/contracts/queue-store.ts'
import { OrchestrationError, toErrorJson } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { Logger } from '../core/logger.ts'
import type { AloneGate } from './alone-gate.ts'
import { Channel, type Envelope, type Keeper } from './channel.ts'
import type { DeadLetterDesk } from './dead-letter-desk.ts'
import { DeadLetters } from './dead-letters.ts'
import type { MeshSubscription } from './event-mesh.ts'
import { addMember, stopMember } from './members.ts'
import { QueueEnvelope } from './queue-envelope.ts'
import type { QueueWriter } from './queue-writer.ts'
import { checkDelay, refusedWhenFull } from './refusals.ts'
import { tracedEvent } from './traced-event.ts'
import { answeringHandler } from './work-delivery.ts'
import type {
  QueueDeadLetter,
  QueueOptions,
  SendOptions,
  WorkHandler,
  WorkOptions,
  WorkQueue,
} from './work-queue.ts'

export interface QueueParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly tracer: MeshTracer
  readonly store: QueueStore
  readonly writer: QueueWriter
  readonly desk: DeadLetterDesk
  readonly gate: AloneGate
  readonly soon: (run: () => void) => void
  readonly onLeft: () => void
}

/**
 * A work queue whose store belongs to this process alone. What is in the store is the truth: a message is
 * delivered only after the delivery was counted there, so that a message that ends its process is given up
 * after `deliveriesMax` deliveries. A process that opens the queue knows that every delivery of an earlier
 * one is over, and delivers at once; what it would deliver for the last time is delivered with nothing else
 * running, so that a poisonous message does not spend the deliveries of its neighbours.
 */
export class InProcessQueue implements WorkQueue {
  readonly name: string
  readonly options: Required<QueueOptions>
  readonly #parts: QueueParts
  readonly #channel: Channel
  /** Keys of all messages in the store that are not done. */
  readonly #known = new Set<string>()
  /** Positions by key of those that are done, in that order. */
  readonly #done = new Map<string, number>()
  readonly #dead = new DeadLetters()
  /** By key: what is on its way into the store. */
  readonly #sending = new Map<string, Promise<void>>()
  #isClosed = false

  constructor(name: string, options: Required<QueueOptions>, parts: QueueParts) {
    this.name = name
    this.options = options
    this.#parts = parts
    const { clock, tracer, gate, soon, onLeft } = parts
    this.#channel = new Channel({
      clock,
      tracer,
      kind: 'queue',
      name,
      sizeMax: options.depthMax,
      deliveriesMax: options.deliveriesMax,
      timeoutMs: options.visibilityMs,
      keeper: this.#keeper(),
      gate,
      soon,
      onLeft,
      onDead: (envelope, thrown) => this.#tellDead(of(envelope), thrown),
    })
    for (const message of parts.store.load(name)) this.#take(message)
  }

  /** Nobody works on it, or there is nothing to do. */
  get isIdle(): boolean {
    return this.#channel.size === 0 || this.#channel.members.length === 0
  }

  async send(
    event: CloudEvent,
    { delayMs = 0 }: SendOptions = {},
  ): Promise<'accepted' | 'repeated'> {
    this.#refuseWhenClosed()
    const read = tracedEvent(event, this.#parts.tracer)
    checkDelay(delayMs)
    const key = repeatKey(read)
    if (this.#known.has(key) || this.#done.has(key)) {
      this.#channel.counts.repeats++
      // A repeat of what is not durable yet is as good as the first one.
      await this.#sending.get(key)
      return 'repeated'
    }
    if (this.#channel.isFull) {
      this.#channel.counts.refused++
      const hint = 'send it again later; more workers, or a higher depthMax, make room'
      const limit = { name: 'queueDepthMax', max: this.options.depthMax, hint }
      throw refusedWhenFull(read.type, `queue '${this.name}'`, limit)
    }
    const sending = this.#store(read, key, delayMs)
    this.#sending.set(key, sending)
    try {
      await sending
    } finally {
      this.#sending.delete(key)
    }
    return 'accepted'
  }

  async work(handler: WorkHandler, { maxConcurrent }: WorkOptions = {}): Promise<MeshSubscription> {
    this.#refuseWhenClosed()
    const member = addMember(this.#channel, answeringHandler(handler), maxConcurrent)
    let stopping: Promise<void> | null = null
    return {
      stop: () => (stopping ??= stopMember(this.#channel, member, null)),
    }
  }

  async deadLetters(limit = 100): Promise<readonly QueueDeadLetter[]> {
    return this.#dead.oldest(limit).map(({ position, deliveries, error, atMs }) => ({
      id: String(position),
      event: this.#eventOf(position),
      deliveries,
      error,
      atMs,
    }))
  }

  async redrive(id: string): Promise<void> {
    this.#refuseWhenClosed()
    const dead = this.#dead.take(id, this.name)
    const atMs = this.#parts.clock.nowMs()
    try {
      await this.#parts.writer.write({ kind: 'redriven', position: dead.position, atMs })
    } catch (thrown) {
      this.#dead.add(dead)
      throw thrown
    }
    this.#channel.add(new QueueEnvelope(this.#parts.store, { ...dead, deliveries: 0, atMs }))
  }

  async discard(id: string): Promise<void> {
    this.#refuseWhenClosed()
    const dead = this.#dead.take(id, this.name)
    try {
      await this.#parts.writer.write({ kind: 'forgotten', position: dead.position })
    } catch (thrown) {
      this.#dead.add(dead)
      throw thrown
    }
    this.#known.delete(dead.repeatKey)
  }

  reading(): MeshReading {
    return { ...this.#channel.reading(this.#parts.clock.nowMs()), dead: this.#dead.size }
  }

  /** Takes nothing more and waits for handlers that run; the rest stays in the store. */
  async close(): Promise<void> {
    this.#isClosed = true
    const members = [...this.#channel.members]
    await Promise.all(members.map((member) => stopMember(this.#channel, member, null)))
    this.#channel.stopTimers()
  }

  /** Takes what an earlier process left. */
  #take(message: StoredMessage): void {
    const { repeatKey: key, position, status, error } = message
    if (status === 'done') {
      this.#done.set(key, position)
      return
    }
    this.#known.add(key)
    if (status === 'dead' && error !== null) {
      this.#dead.add({ ...message, error })
      return
    }
    const { clock, store } = this.#parts
    // Its last delivery may have ended the process, or was only near one that did: the next one tells.
    const isAlone = message.deliveries > 0 && message.deliveries >= this.options.deliveriesMax - 1
    const envelope = new QueueEnvelope(store, message, { isAlone })
    const delayMs = Math.max(0, message.dueAtMs - clock.nowMs())
    this.#channel.add(envelope, Math.min(delayMs, limits.meshDeadlineMsMax))
  }

  async #store(event: CloudEvent, key: string, delayMs: number): Promise<void> {
    const { clock, writer, store } = this.#parts
    const position = store.nextPosition()
    const atMs = clock.nowMs()
    const partitionKey = event.partitionkey ?? null
    const message = { position, repeatKey: key, partitionKey, deliveries: 0, atMs }
    const envelope = new QueueEnvelope(store, message, { held: event })
    this.#known.add(key)
    // Before it is durable: its first delivery is counted in the same commit.
    this.#channel.add(envelope, delayMs)
    try {
      const sent = {
        kind: 'sent',
        position,
        queue: this.name,
        event,
        repeatKey: key,
        atMs,
      } as const
      await writer.write({ ...sent, dueAtMs: atMs + delayMs })
      if (envelope.deliveries === 0) envelope.letGo()
    } catch (thrown) {
      this.#known.delete(key)
      this.#channel.counts.refused++
      this.#channel.withdraw(envelope)
      throw thrown
    }
  }

  #keeper(): Keeper {
    const write: QueueWriter['write'] = (change) => this.#parts.writer.write(change)
    return {
      delivering: (envelope) =>
        write({
          kind: 'delivered',
          position: of(envelope).position,
          deliveries: envelope.deliveries,
        }),
      again: (envelope, dueAtMs) => {
        of(envelope).letGo()
        return write({ kind: 'postponed', position: of(envelope).position, dueAtMs })
      },
      handled: async (envelope) => {
        const { position, repeatKey: key } = of(envelope)
        await write({ kind: 'done', position })
        this.#known.delete(key)
        this.#done.set(key, position)
        this.#forgetOldest()
      },
      dead: async (envelope, thrown) => {
        const { position, repeatKey: key, key: partitionKey, deliveries } = of(envelope)
        of(envelope).letGo()
        const error = toErrorJson(thrown)
        const atMs = this.#parts.clock.nowMs()
        await write({ kind: 'dead', position, error, atMs })
        this.#dead.add({ position, repeatKey: key, partitionKey, deliveries, error, atMs })
        this.#forgetDead()
      },
    }
  }

  /** Only so many repeats are remembered. */
  #forgetOldest(): void {
    if (this.#done.size <= limits.queueRepeatsMax) return
    const [oldest] = this.#done
    if (oldest === undefined) return
    this.#done.delete(oldest[0])
    this.#forget(oldest[1])
  }

  #forgetDead(): void {
    if (this.#dead.size <= limits.queueDeadLettersMax) return
    const [oldest] = this.#dead.oldest(1)
    if (oldest === undefined) return
    this.#parts.logger.log('warn', 'the oldest dead letter of a queue is forgotten', {
      queue: this.name,
      limit: 'queueDeadLettersMax',
    })
    this.#dead.take(String(oldest.position), this.name)
    this.#known.delete(oldest.repeatKey)
    this.#forget(oldest.position)
  }

  #forget(position: number): void {
    this.#parts.writer.write({ kind: 'forgotten', position }).catch((thrown: unknown) => {
      const error = toErrorJson(thrown).message
      this.#parts.logger.log('warn', 'a message could not be removed', { queue: this.name, error })
    })
  }

  #tellDead({ position, deliveries }: QueueEnvelope, thrown: unknown): void {
    const event = this.#eventOf(position)
    const where = { pattern: null, group: null, queue: this.name }
    this.#parts.desk.tell({ event, ...where, deliveries, thrown })
  }

  #eventOf(position: number): CloudEvent | null {
    try {
      return this.#parts.store.read(position)
    } catch {
      return null // damaged; its dead letter says so
    }
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
