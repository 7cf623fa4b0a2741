import { limits } from '../../core/limits.ts'
import { messageOf } from '../../core/errors.ts'
import { Channel, type Envelope, type Keeper } from '../../mesh/index.ts'
import type { IncomingRecord } from './event-codec.ts'
import { GroupMembership } from './group-membership.ts'
import { Intake, type TopicEnvelope } from './intake.ts'
import { partitionName } from './kafka-client.ts'
import type { LogReader } from './log-reader.ts'
import { intakeMax, type MeshParts } from './mesh-parts.ts'
import { OffsetTracker } from './offset-tracker.ts'

/** How long what was handled may go unrecorded. */
const commitMs = 250

/**
 * One group of this mesh as this process takes part in it: a member of Kafka's consumer group of that name.
 * Each partition belongs to one process of the group at a time; inside the process its events go to the
 * members in turn. An offset is recorded when everything before it was handled or is a dead letter: what a
 * process did not live to record comes again, to whoever has the partition then.
 */
export class Group {
  readonly name: string
  readonly pattern: string
  readonly channel: Channel
  readonly #parts: MeshParts
  readonly #matches: (type: string) => boolean
  readonly #tracker = new OffsetTracker()
  /** Dead letters that could not be written: they come again. */
  readonly #kept = new WeakSet<Envelope>()
  readonly #intake: Intake
  readonly #reader: LogReader
  readonly #membership: GroupMembership
  #cancelCommit: (() => void) | null = null
  #isClosed = false

  constructor(
    parts: MeshParts,
    of: {
      readonly name: string
      readonly pattern: string
      readonly topics: readonly string[]
      readonly matches: (type: string) => boolean
    },
  ) {
    this.#parts = parts
    this.name = of.name
    this.pattern = of.pattern
    this.#matches = of.matches
    const { clock, tracer, turns, desk } = parts
    this.channel = new Channel({
      clock,
      tracer,
      kind: 'group',
      name: of.name,
      sizeMax: limits.meshQueueMax,
      deliveriesMax: limits.meshDeliveriesMax,
      timeoutMs: limits.meshHandlerMsMax,
      keeper: this.#keeper(),
      gate: null,
      soon: (run) => turns.soon(run),
      onLeft: (envelope) => this.#left(envelope),
      onDead: ({ event, deliveries }, thrown) =>
        desk.tell({ event, pattern: of.pattern, group: of.name, queue: null, deliveries, thrown }),
    })
    this.#intake = new Intake(parts, ({ type }) => (this.#matches(type) ? [this.channel] : []))
    this.#reader = parts.reader({
      topics: of.topics,
      onRecord: (record) => this.#take(record),
      hasRoom: () => this.channel.size < intakeMax,
    })
    this.#membership = new GroupMembership(parts, {
      groupId: `${parts.prefix}.${of.name}`,
      topics: of.topics,
      onAssigned: (from) => this.#assign(from),
    })
  }

  /** Messages of this process's partitions that it has not read. */
  get lag(): number {
    return this.#reader.lag
  }

  /** Resolves when the process has joined and knows from where it reads. @throws as `kafkaError` */
  open(): Promise<void> {
    return this.#membership.join()
  }

  /** Records what was handled and leaves; the rest is for those who stay, or come later. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#reader.close()
    this.channel.stopTimers()
    await this.#commit()
    await this.#membership.leave()
  }

  #take(record: IncomingRecord): void {
    const name = partitionName(record.topic, record.partition)
    this.#tracker.read(name, record.offset)
    if (this.#intake.take(record)) return
    this.#tracker.handled(name, record.offset)
    this.#commitSoon()
  }

  #assign(from: ReadonlyMap<string, bigint>): void {
    this.#tracker.assign(from)
    this.#reader.assign(from)
    for (const envelope of this.channel.inside) {
      const { partition, event } = envelope as TopicEnvelope
      if (from.has(partition)) continue
      // Somebody else has it now; should the partition come back, so may the event.
      this.#intake.forget(event)
      this.channel.withdraw(envelope)
    }
  }

  #keeper(): Keeper {
    return {
      delivering: recorded,
      again: recorded,
      handled: recorded,
      dead: async (envelope, thrown) => {
        const place = { pattern: this.pattern, group: this.name, queue: null }
        const { event, deliveries } = envelope
        const isWritten = await this.#parts.deadLetters.event(
          event,
          { ...place, deliveries },
          thrown,
        )
        this.#intake.forget(event)
        if (isWritten) return
        this.#kept.add(envelope)
        throw new Error('the mesh was closed before the dead letter was written')
      },
    }
  }

  #left(envelope: Envelope): void {
    const { partition, offset } = envelope as TopicEnvelope
    if (!this.#kept.has(envelope)) {
      this.#tracker.handled(partition, offset)
      this.#commitSoon()
    }
    this.#reader.wake()
    this.#parts.onLeft()
  }

  #commitSoon(): void {
    if (this.#isClosed) return
    this.#cancelCommit ??= this.#parts.clock.after(commitMs, () => void this.#commit())
  }

  /** Never rejects: what is not recorded now is recorded the next time. */
  async #commit(): Promise<void> {
    this.#cancelCommit?.()
    this.#cancelCommit = null
    const due = this.#tracker.due()
    if (due.size === 0) return
    try {
      await this.#membership.commit(due)
      this.#tracker.committed(due)
    } catch (thrown) {
      const error = messageOf(thrown)
      this.#parts.logger.log('warn', 'offsets cannot be recorded now', { group: this.name, error })
      this.#commitSoon()
    }
  }
}

/** That an offset was handled is recorded later, with others. */
function recorded(): Promise<void> {
  return Promise.resolve()
}
