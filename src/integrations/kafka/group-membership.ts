import type { Consumer } from '@platformatic/kafka'
import { messageOf } from '../../core/errors.ts'
import { kafkaError } from './kafka-error.ts'
import { partitionName, readPartitionName } from './kafka-client.ts'
import type { MeshParts } from './mesh-parts.ts'

export interface MembershipOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  /** The partitions that are this process's from now on, and from where it is to read them. */
  readonly onAssigned: (from: ReadonlyMap<string, bigint>) => void
}

const rejoinMs = 500

/** Membership in a consumer group: which partitions are this process's, and how far they are handled. */
export class GroupMembership {
  readonly #parts: MeshParts
  readonly #options: MembershipOptions
  readonly #consumer: Consumer
  /** Assignments are worked off one after the other. */
  #assigning: Promise<void> = Promise.resolve()
  #isLeft = false

  constructor(parts: MeshParts, options: MembershipOptions) {
    this.#parts = parts
    this.#options = options
    this.#consumer = parts.client.consumer(options.groupId)
    this.#consumer.topics.trackAll(...options.topics)
    this.#consumer.on('consumer:group:join', () => this.#reassign())
    // The client has given up rejoining: without a listener it would end the process.
    this.#consumer.on('error', (thrown: unknown) => this.#rejoinLater(thrown))
  }

  /** Resolves when the first partitions are assigned, or none. @throws as `kafkaError` */
  async join(): Promise<void> {
    try {
      await this.#consumer.joinGroup({})
      await this.#assigning
    } catch (thrown) {
      const { groupId } = this.#options
      await this.#consumer.close(true).catch(() => undefined)
      throw kafkaError(`join the group '${groupId}'`, this.#parts.client.brokers, thrown)
    }
  }

  /** @param offsets by partition the first one that is not handled. @throws Error */
  async commit(offsets: ReadonlyMap<string, bigint>): Promise<void> {
    const whole = [...offsets].map(([name, offset]) => ({
      ...readPartitionName(name),
      offset,
      leaderEpoch: -1,
    }))
    await this.#consumer.commit({ offsets: whole })
  }

  async leave(): Promise<void> {
    this.#isLeft = true
    await this.#consumer.close(true).catch(() => undefined)
  }

  #reassign(): void {
    const work = this.#assigning.catch(() => undefined).then(() => this.#assign())
    this.#assigning = work
    work.catch((thrown: unknown) => this.#rejoinLater(thrown))
  }

  async #assign(): Promise<void> {
    const topics = this.#consumer.assignments ?? []
    const from = new Map<string, bigint>()
    if (topics.length > 0) {
      const [committed, ends] = await Promise.all([
        this.#consumer.listCommittedOffsets({ topics }),
        // A group that is new begins where the topics end.
        this.#parts.client.offsets(this.#options.topics, 'end'),
      ])
      const fresh = new Map<string, bigint>()
      for (const { topic, partitions } of topics) {
        for (const partition of partitions) {
          const name = partitionName(topic, partition)
          const offset = committed.get(topic)?.[partition] ?? -1n
          const next = offset >= 0n ? offset : (ends.get(name) ?? 0n)
          if (offset < 0n) fresh.set(name, next)
          from.set(name, next)
        }
      }
      // So that what is published from now on is not lost when the process dies before it handles anything.
      if (fresh.size > 0) await this.commit(fresh)
    }
    this.#options.onAssigned(from)
  }

  #rejoinLater(thrown: unknown): void {
    if (this.#isLeft) return
    const { clock, logger } = this.#parts
    const { groupId } = this.#options
    logger.log('warn', 'a group is joined again', { group: groupId, error: messageOf(thrown) })
    clock.after(rejoinMs, () => {
      if (this.#isLeft) return
      this.#consumer.joinGroup({}).catch((again: unknown) => this.#rejoinLater(again))
    })
  }
}
