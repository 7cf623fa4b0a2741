import type { Clock } from '../core/clock.ts'
import { type CloudEvent, readCloudEvent } from '../core/contracts/events.ts'
import { AgentCommunicationError, isOrchestrationError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { EventHandler } from './event-mesh.ts'

/** Pauses before the second, third… delivery: doubling from here. */
const redeliveryMs = 100

/** Who asked for a reply, and is told of it or of the failure. */
export interface Asker {
  /** True once nobody waits any more: the event then need not be delivered. */
  readonly isDone: boolean
  /** One channel is done with the request: by a reply, by an error that is final, or by neither (null, null). */
  answered(reply: CloudEvent | null, thrown: unknown): void
}

/** An event on its way through one channel. */
export interface Envelope {
  readonly event: CloudEvent
  readonly asker: Asker | null
  deliveries: number
}

/** One handler among those that share a channel. */
export interface Member {
  readonly handler: EventHandler
  readonly maxConcurrent: number
  running: number
  /** Called each time when a delivery has ended; null when nobody asks. */
  onEnded: (() => void) | null
}

export interface ChannelParts {
  readonly clock: Clock
  readonly pattern: string
  readonly group: string | null
  readonly matches: (type: string) => boolean
  /** Called when an event has left the channel: there is room, or nothing is left. */
  readonly onLeft: () => void
  readonly onDead: (envelope: Envelope, thrown: unknown) => void
  /** Runs soon, never before this returns. */
  readonly soon: (run: () => void) => void
}

/**
 * The queue of one subscription or group, and the handlers that take from it in turn. An event is in the
 * channel from `add` until it was handled or became a dead letter, also while it waits to be delivered again.
 */
export class Channel {
  readonly parts: ChannelParts
  readonly members: Member[] = []
  /** Events in the channel: waiting, being handled, or waiting for another delivery. */
  size = 0
  #queue: Envelope[] = []
  #head = 0
  readonly #pauses = new Map<Envelope, () => void>()
  #turn = 0
  #isPumping = false

  constructor(parts: ChannelParts) {
    this.parts = parts
  }

  get isFull(): boolean {
    return this.size >= limits.meshQueueMax
  }

  add(envelope: Envelope): void {
    this.size++
    this.#enqueue(envelope)
  }

  /** Takes a member out; without any left, what no handler has begun is given up. */
  remove(member: Member, why: unknown): void {
    const place = this.members.indexOf(member)
    if (place >= 0) this.members.splice(place, 1)
    if (this.members.length > 0) return
    const waiting = [...this.#queue.slice(this.#head), ...this.#pauses.keys()]
    this.#queue = []
    this.#head = 0
    for (const cancel of this.#pauses.values()) cancel()
    this.#pauses.clear()
    for (const envelope of waiting) this.#dead(envelope, why)
  }

  #enqueue(envelope: Envelope): void {
    this.#queue.push(envelope)
    this.wake()
  }

  /** Hands out what waits, as soon as the present call is over. */
  wake(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    this.parts.soon(() => {
      this.#isPumping = false
      this.#pump()
    })
  }

  #pump(): void {
    for (let member = this.#free(); member !== null; member = this.#free()) {
      const envelope = this.#take()
      if (envelope === null) return
      void this.#deliver(envelope, member)
    }
  }

  /** The next member in turn that has room. */
  #free(): Member | null {
    for (let i = 0; i < this.members.length; i++) {
      const member = this.members[(this.#turn + i) % this.members.length] as Member
      if (member.running >= member.maxConcurrent) continue
      this.#turn = (this.#turn + i + 1) % this.members.length
      return member
    }
    return null
  }

  #take(): Envelope | null {
    while (this.#head < this.#queue.length) {
      const envelope = this.#queue[this.#head++] as Envelope
      if (this.#head >= 1_000 && this.#head * 2 >= this.#queue.length) {
        this.#queue = this.#queue.slice(this.#head)
        this.#head = 0
      }
      if (envelope.asker?.isDone !== true) return envelope
      this.#leave()
    }
    this.#queue.length = 0
    this.#head = 0
    return null
  }

  async #deliver(envelope: Envelope, member: Member): Promise<void> {
    member.running++
    envelope.deliveries++
    const abort = new AbortController()
    const cancelLimit = this.parts.clock.after(limits.meshHandlerMsMax, () => abort.abort())
    try {
      const { event, deliveries: attempt } = envelope
      const handled = member.handler(event, { attempt, signal: abort.signal })
      const answer = await Promise.race([handled, overdue(abort.signal, event)])
      const reply = answer === undefined ? null : readCloudEvent(answer)
      envelope.asker?.answered(reply, null)
      this.#leave()
    } catch (thrown) {
      this.#again(envelope, thrown)
    } finally {
      cancelLimit()
      member.running--
      member.onEnded?.()
      this.wake()
    }
  }

  /** Delivers once more after a pause, or gives up. */
  #again(envelope: Envelope, thrown: unknown): void {
    const isFinal = isOrchestrationError(thrown) && !thrown.retryable
    const isLast = envelope.deliveries >= limits.meshDeliveriesMax || this.members.length === 0
    if (isFinal || isLast) {
      this.#dead(envelope, thrown)
      return
    }
    const pauseMs = redeliveryMs * 2 ** (envelope.deliveries - 1)
    const cancel = this.parts.clock.after(pauseMs, () => {
      this.#pauses.delete(envelope)
      this.#enqueue(envelope)
    })
    this.#pauses.set(envelope, cancel)
  }

  #dead(envelope: Envelope, thrown: unknown): void {
    envelope.asker?.answered(null, thrown)
    this.parts.onDead(envelope, thrown)
    this.#leave()
  }

  #leave(): void {
    this.size--
    this.parts.onLeft()
  }
}

/** Rejects when a delivery is aborted. */
function overdue(signal: AbortSignal, { type }: CloudEvent): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () =>
      reject(
        new AgentCommunicationError(
          `the handler of '${type}' has taken ${limits.meshHandlerMsMax} ms (meshHandlerMsMax)`,
        ),
      ),
    )
  })
}
