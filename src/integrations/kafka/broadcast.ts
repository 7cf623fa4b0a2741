import type { CloudEvent } from '../../core/contracts/events.ts'
import { limits } from '../../core/limits.ts'
import { Channel, type Envelope } from '../../mesh/index.ts'
import type { IncomingRecord } from './event-codec.ts'
import { Intake } from './intake.ts'
import { partitionName } from './kafka-client.ts'
import type { LogReader } from './log-reader.ts'
import { intakeMax, type MeshParts } from './mesh-parts.ts'

/** A subscription without a group. */
export interface Listening {
  readonly channel: Channel
  readonly pattern: string
  readonly matches: (type: string) => boolean
  /** Where each partition ended when it subscribed: what came before is not for it. */
  readonly from: ReadonlyMap<string, bigint>
}

/**
 * The subscriptions of this process that have no group: each topic is read once for all of them, from where it
 * ends when the first one comes. A subscription that does not keep up holds the others of its process up.
 */
export class Broadcast {
  readonly #parts: MeshParts
  readonly #intake: Intake
  readonly #listening = new Set<Listening>()
  readonly #readers = new Map<string, Promise<LogReader>>()

  constructor(parts: MeshParts) {
    this.#parts = parts
    this.#intake = new Intake(parts, (event, record) => this.#channelsOf(event, record))
  }

  get all(): Iterable<Listening> {
    return this.#listening
  }

  /** Resolves when everything that is published from now on will be handed out. @throws as `kafkaError` */
  async open(
    pattern: string,
    matches: (type: string) => boolean,
    topics: readonly string[],
  ): Promise<Listening> {
    await Promise.all(topics.map((topic) => this.#reader(topic)))
    const { clock, tracer, turns, onLeft, client } = this.#parts
    const from = await client.offsets(topics, 'end')
    const listening: Listening = {
      pattern,
      matches,
      from,
      channel: new Channel({
        clock,
        tracer,
        kind: 'subscription',
        name: pattern,
        sizeMax: limits.meshQueueMax,
        deliveriesMax: limits.meshDeliveriesMax,
        timeoutMs: limits.meshHandlerMsMax,
        keeper: null,
        gate: null,
        soon: (run) => turns.soon(run),
        onLeft: () => {
          this.#wake()
          onLeft()
        },
        onDead: (envelope, thrown) => this.#dead(pattern, envelope, thrown),
      }),
    }
    this.#listening.add(listening)
    return listening
  }

  /** Hands it nothing more. */
  end(listening: Listening): void {
    this.#listening.delete(listening)
    this.#wake()
  }

  async close(): Promise<void> {
    const readers = await Promise.all(
      Array.from(this.#readers.values(), (reader) => reader.catch(() => null)),
    )
    await Promise.all(readers.map(async (reader) => reader?.close()))
  }

  #reader(topic: string): Promise<LogReader> {
    const known = this.#readers.get(topic)
    if (known !== undefined) return known
    const reader = this.#parts.reader({
      topics: [topic],
      onRecord: (record) => void this.#intake.take(record),
      hasRoom: () => [...this.#listening].every(({ channel }) => channel.size < intakeMax),
    })
    const ready = reader.readAll('end').then(
      () => reader,
      async (thrown: unknown) => {
        this.#readers.delete(topic)
        await reader.close()
        throw thrown
      },
    )
    this.#readers.set(topic, ready)
    return ready
  }

  #channelsOf(event: CloudEvent, record: IncomingRecord): readonly Channel[] {
    const name = partitionName(record.topic, record.partition)
    const found: Channel[] = []
    for (const { channel, matches, from } of this.#listening) {
      const first = from.get(name)
      if (first !== undefined && record.offset >= first && matches(event.type)) found.push(channel)
    }
    return found
  }

  #dead(pattern: string, { event, deliveries }: Envelope, thrown: unknown): void {
    const { desk, deadLetters } = this.#parts
    const place = { pattern, group: null, queue: null, deliveries }
    this.#intake.forget(event)
    void deadLetters.event(event, place, thrown)
    desk.tell({ event, ...place, thrown })
  }

  #wake(): void {
    for (const reader of this.#readers.values())
      reader.then((ready) => ready.wake()).catch(() => undefined)
  }
}
