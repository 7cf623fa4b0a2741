import { isOrchestrationError, messageOf } from '../../core/errors.ts'
import type { MeshParts } from './mesh-parts.ts'
import { readPartitionName } from './kafka-client.ts'

/** How often a process writes into its own topic of replies, and looks at those of others. */
const beatMs = 300_000
/** Looks in a row at a topic that stood still. Its process would have written between any two of them. */
const looksMax = 3

/** Beginning of the names of the topics of replies. */
export function replyTopicsOf(prefix: string): string {
  return `${prefix}.replies.`
}

interface Look {
  readonly end: bigint
  /** How often it was seen with this end. */
  readonly looks: number
}

/**
 * Says that this process is there, in its topic of replies, and removes the topics of processes that are not: in
 * which nothing is written from look to look. No clocks are compared. A process that was paused for so long that
 * its topic was removed is told when it goes on.
 */
export class ReplyTopics {
  readonly #parts: Pick<MeshParts, 'client' | 'clock' | 'logger' | 'prefix' | 'append'>
  readonly #own: string
  readonly #onLost: () => Promise<unknown>
  #seen = new Map<string, Look>()
  #cancel: (() => void) | null = null
  #isClosed = false

  /** @param of `onLost` makes the topic `own` again */
  constructor(
    parts: Pick<MeshParts, 'client' | 'clock' | 'logger' | 'prefix' | 'append'>,
    of: { readonly own: string; readonly onLost: () => Promise<unknown> },
  ) {
    this.#parts = parts
    this.#own = of.own
    this.#onLost = of.onLost
    this.#arm()
  }

  close(): void {
    this.#isClosed = true
    this.#cancel?.()
  }

  #arm(): void {
    if (this.#isClosed) return
    this.#cancel = this.#parts.clock.after(beatMs, () => void this.#beat())
  }

  /** Never rejects: what could not be done is done at the next beat. */
  async #beat(): Promise<void> {
    try {
      await this.#say()
      if (!this.#isClosed) await this.#sweep()
    } catch (thrown) {
      const error = messageOf(thrown)
      this.#parts.logger.log('debug', 'the topics of replies could not be looked after', { error })
    }
    this.#arm()
  }

  async #say(): Promise<void> {
    try {
      await this.#parts.append({ topic: this.#own, key: 'beat', value: '', headers: {} })
    } catch (thrown) {
      if (!isOrchestrationError(thrown) || thrown.code !== 'NotFoundError') throw thrown
      if (!this.#isClosed) await this.#onLost()
    }
  }

  async #sweep(): Promise<void> {
    const { client, logger, prefix } = this.#parts
    await client.withAdmin('look at the topics of replies', async (admin) => {
      const beginning = replyTopicsOf(prefix)
      const others = (await admin.listTopics()).filter(
        (topic) => topic.startsWith(beginning) && topic !== this.#own,
      )
      const ends =
        others.length === 0 ? new Map<string, bigint>() : await client.offsets(others, 'end')
      const seen = new Map<string, Look>()
      const gone: string[] = []
      for (const [name, end] of ends) {
        const { topic } = readPartitionName(name)
        const before = this.#seen.get(topic)
        const looks = before?.end === end ? before.looks + 1 : 0
        if (looks >= looksMax) gone.push(topic)
        else seen.set(topic, { end, looks })
      }
      this.#seen = seen
      if (gone.length === 0) return
      await admin.deleteTopics({ topics: gone })
      const topics = gone.join(', ')
      logger.log('info', 'the topics of replies of processes that are gone are removed', { topics })
    })
  }
}
