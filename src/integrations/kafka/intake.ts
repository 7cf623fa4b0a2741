import { type CloudEvent, repeatKey } from '../../core/contracts/events.ts'
import { limits } from '../../core/limits.ts'
import { type Channel, type Envelope, Repeats } from '../../mesh/index.ts'
import { decodeEvent, type IncomingRecord } from './event-codec.ts'
import { partitionName } from './kafka-client.ts'
import type { MeshParts } from './mesh-parts.ts'
import { cancelHeader, RemoteAsker, replyTo, requestKey } from './remote-asker.ts'

/** An event of a topic on its way through a channel, and where it lies. */
export interface TopicEnvelope extends Envelope {
  readonly partition: string
  readonly offset: bigint
}

/** Turns messages into events for channels: drops repeats, answers askers, puts aside what is no event. */
export class Intake {
  readonly #parts: MeshParts
  readonly #channelsOf: (event: CloudEvent, record: IncomingRecord) => readonly Channel[]
  readonly #repeats: Repeats
  readonly #askers = new Map<string, RemoteAsker>()

  constructor(
    parts: MeshParts,
    channelsOf: (event: CloudEvent, record: IncomingRecord) => readonly Channel[],
  ) {
    this.#parts = parts
    this.#channelsOf = channelsOf
    const window = { max: limits.meshRepeatsMax, windowMs: limits.meshRepeatWindowMs }
    this.#repeats = new Repeats({ clock: parts.clock, ...window })
  }

  /** @returns whether a channel has it now */
  take(record: IncomingRecord): boolean {
    if (record.headers.has(cancelHeader)) {
      this.#askers.get(record.headers.get(requestKey) ?? '')?.cancel()
      return false
    }
    let event: CloudEvent
    try {
      event = decodeEvent(record)
    } catch (thrown) {
      void this.#parts.deadLetters.poison(record, thrown)
      return false
    }
    const channels = this.#channelsOf(event, record)
    if (channels.length === 0) return false
    return record.headers.has(replyTo)
      ? this.#ask(event, record, channels)
      : this.#offer(event, record, channels)
  }

  /** Whoever publishes it again wants it handled. */
  forget(event: CloudEvent): void {
    this.#repeats.forget(repeatKey(event))
  }

  #offer(event: CloudEvent, record: IncomingRecord, channels: readonly Channel[]): boolean {
    const key = repeatKey(event)
    if (this.#repeats.has(key)) {
      for (const { counts } of channels) counts.repeats++
      return false
    }
    this.#repeats.add(key)
    for (const channel of channels) channel.add(envelope(event, record, null))
    return true
  }

  #ask(event: CloudEvent, record: IncomingRecord, channels: readonly Channel[]): boolean {
    const key = record.headers.get(requestKey) ?? ''
    const asker = new RemoteAsker(this.#parts, { event, record }, () => this.#askers.delete(key))
    // It came too late to be answered.
    if (asker.isDone) return false
    this.#askers.set(key, asker)
    asker.expect(channels.length)
    for (const channel of channels) channel.add(envelope(event, record, asker))
    return true
  }
}

function envelope(
  event: CloudEvent,
  { topic, partition, offset, timestampMs }: IncomingRecord,
  asker: RemoteAsker | null,
): TopicEnvelope {
  return {
    event,
    key: event.partitionkey ?? null,
    asker,
    acceptedAtMs: timestampMs,
    isAlone: false,
    deliveries: 0,
    partition: partitionName(topic, partition),
    offset,
  }
}
