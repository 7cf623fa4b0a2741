import type { Clock } from '../core/clock.ts'
import { type CloudEvent, extendEvent, readCloudEvent } from '../core/contracts/events.ts'
import type { MeshReading, MeshTracer } from '../core/contracts/mesh.ts'
import { isOrchestrationError, OrchestrationError } from '../core/errors.ts'
import type { EventHandler } from './event-mesh.ts'
import type { AloneGate } from './alone-gate.ts'
import { Lanes } from './lanes.ts'
import { redeliveryDelayMs } from './postponed.ts'
import { RunningDelivery } from './running-delivery.ts'

/** Who asked for a reply, and is told of it or of the failure. */
export interface Asker {
  /** True once nobody waits any more: the event then need not be delivered. */
  readonly isDone: boolean
  /** Nobody waits any more and there was no reply: deliveries under way are to stop. */
  readonly isGone: boolean
  /** One channel is done with the request: by a reply, by an error that is final, or by neither (null, null). */
  answered(reply: CloudEvent | null, thrown: unknown): void
  /** Calls `stop` when the asker is gone. Returns a function that ends it. */
  whenGone(stop: (why: Error) => void): () => void
}

/** An event on its way through one channel. */
export interface Envelope {
  /** @throws StateConsistencyError when it was stored and cannot be read any more */
  readonly event: CloudEvent
  readonly key: string | null
  readonly asker: Asker | null
  readonly acceptedAtMs: number
  /** Its earlier deliveries may have ended their processes: nothing else is to be spoilt by the next one. */
  readonly isAlone: boolean
  deliveries: number
}

/** Records durably what becomes of events. Each promise resolves when that is durable and rejects when it never will be. */
export interface Keeper {
  delivering(envelope: Envelope): Promise<void>
  again(envelope: Envelope, dueAtMs: number): Promise<void>
  handled(envelope: Envelope): Promise<void>
  dead(envelope: Envelope, thrown: unknown): Promise<void>
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
  readonly tracer: MeshTracer
  readonly kind: MeshReading['kind']
  readonly name: string
  readonly sizeMax: number
  readonly deliveriesMax: number
  /** How long a handler may take. */
  readonly timeoutMs: number
  /** Null: nothing is kept when the process ends, or when the last member leaves. */
  readonly keeper: Keeper | null
  /** Null: nothing runs alone. */
  readonly gate: AloneGate | null
  /** Called when an event has left the channel: there is room, or nothing is left. */
  readonly onLeft: (envelope: Envelope) => void
  readonly onDead: (envelope: Envelope, thrown: unknown) => void
  /** Runs soon, never before this returns. */
  readonly soon: (run: () => void) => void
}

type Outcome =
  | { readonly kind: 'handled'; readonly reply: CloudEvent | null }
  | { readonly kind: 'failed'; readonly thrown: unknown }
  /** It is not this channel's business any more. */
  | { readonly kind: 'gone' }

/**
 * The events of one subscription, group or queue, and the handlers that take from it in turn. An event is in
 * the channel from `add` until it was handled or became a dead letter, also while it waits behind another of
 * its key, or to be delivered again.
 */
export class Channel {
  readonly parts: ChannelParts
  readonly members: Member[] = []
  readonly counts = { deliveries: 0, redeliveries: 0, deadLetters: 0, repeats: 0, refused: 0 }
  /** In order of acceptance. */
  readonly #inside = new Set<Envelope>()
  readonly #lanes = new Lanes<Envelope>()
  #ready: Envelope[] = []
  #head = 0
  readonly #pauses = new Map<Envelope, () => void>()
  /** Monotonic times before which events are not delivered that were accepted with a delay. */
  readonly #dues = new Map<Envelope, number>()
  #inFlight = 0
  #turn = 0
  #isPumping = false

  constructor(parts: ChannelParts) {
    this.parts = parts
  }

  get size(): number {
    return this.#inside.size
  }

  /** What is in the channel now, under way or not, in order of acceptance. */
  get inside(): readonly Envelope[] {
    return [...this.#inside]
  }

  get isFull(): boolean {
    return this.size >= this.parts.sizeMax
  }

  /** Takes an event in, to be delivered after `delayMs`. */
  add(envelope: Envelope, delayMs = 0): void {
    this.#inside.add(envelope)
    if (delayMs > 0) this.#dues.set(envelope, this.parts.clock.monotonicMs() + delayMs)
    if (this.#lanes.enter(envelope)) this.#begin(envelope)
  }

  /** Takes an event out that was never accepted. */
  withdraw(envelope: Envelope): void {
    this.#pauses.get(envelope)?.()
    this.#pauses.delete(envelope)
    this.#leave(envelope)
  }

  /** Takes a member out; without any left, what is not kept and no handler has begun is given up. */
  remove(member: Member, why: unknown): void {
    const place = this.members.indexOf(member)
    if (place >= 0) this.members.splice(place, 1)
    if (this.members.length > 0 || this.parts.keeper !== null) return
    const waiting = this.#ready.slice(this.#head)
    waiting.push(...this.#pauses.keys(), ...this.#lanes.takeWaiting())
    this.#ready = []
    this.#head = 0
    this.stopTimers()
    for (const envelope of waiting) void this.#dead(envelope, why)
  }

  /** Nothing is delivered again by itself from now on. */
  stopTimers(): void {
    for (const cancel of this.#pauses.values()) cancel()
    this.#pauses.clear()
  }

  reading(nowMs: number): Omit<MeshReading, 'dead'> {
    const [oldest] = this.#inside
    const { kind, name } = this.parts
    const oldestAgeMs = oldest === undefined ? 0 : Math.max(0, nowMs - oldest.acceptedAtMs)
    const inFlight = this.#inFlight
    return { kind, name, depth: this.size - inFlight, inFlight, oldestAgeMs, ...this.counts }
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

  readonly #wakeUp = (): void => this.wake()

  /** Nothing of its key is before it any more. */
  #begin(envelope: Envelope): void {
    const dueMs = this.#dues.get(envelope)
    this.#dues.delete(envelope)
    const delayMs = dueMs === undefined ? 0 : dueMs - this.parts.clock.monotonicMs()
    if (delayMs > 0) this.#pause(envelope, delayMs)
    else this.#enqueue(envelope)
  }

  #enqueue(envelope: Envelope): void {
    this.#ready.push(envelope)
    this.wake()
  }

  #pump(): void {
    for (let member = this.#free(); member !== null; member = this.#free()) {
      const envelope = this.#take()
      if (envelope === null) return
      if (this.parts.gate?.enter(envelope.isAlone, this.#wakeUp) === false) {
        this.#ready.splice(this.#head, 0, envelope)
        return
      }
      this.#turn = this.members.indexOf(member) + 1
      void this.#deliver(envelope, member)
    }
  }

  /** The next member in turn that has room. */
  #free(): Member | null {
    for (let i = 0; i < this.members.length; i++) {
      const member = this.members[(this.#turn + i) % this.members.length] as Member
      if (member.running < member.maxConcurrent) return member
    }
    return null
  }

  #take(): Envelope | null {
    while (this.#head < this.#ready.length) {
      const envelope = this.#ready[this.#head++] as Envelope
      if (this.#head >= 1_000 && this.#head * 2 >= this.#ready.length) {
        this.#ready = this.#ready.slice(this.#head)
        this.#head = 0
      }
      if (!this.#inside.has(envelope)) continue
      if (envelope.asker?.isDone !== true) return envelope
      this.#leave(envelope)
    }
    this.#ready.length = 0
    this.#head = 0
    return null
  }

  /** Never rejects. */
  async #deliver(envelope: Envelope, member: Member): Promise<void> {
    member.running++
    this.#inFlight++
    const outcome = await this.#outcome(envelope, member)
    member.running--
    this.#inFlight--
    this.parts.gate?.leave()
    member.onEnded?.()
    this.wake()
    if (outcome.kind === 'failed') return this.#failed(envelope, outcome.thrown)
    if (outcome.kind === 'handled') {
      envelope.asker?.answered(outcome.reply, null)
      // What cannot be recorded is delivered again by the next process.
      if (this.parts.keeper !== null) await settled(this.parts.keeper.handled(envelope))
    }
    this.#leave(envelope)
  }

  async #outcome(envelope: Envelope, member: Member): Promise<Outcome> {
    const { keeper, deliveriesMax } = this.parts
    if (envelope.deliveries >= deliveriesMax)
      return { kind: 'failed', thrown: lost(envelope.deliveries) }
    envelope.deliveries++
    if (keeper !== null && !(await settled(keeper.delivering(envelope)))) return { kind: 'gone' }
    this.counts.deliveries++
    if (envelope.deliveries > 1) this.counts.redeliveries++
    try {
      return await this.#handle(envelope, member)
    } catch (thrown) {
      return envelope.asker?.isGone === true ? { kind: 'gone' } : { kind: 'failed', thrown }
    }
  }

  async #handle(envelope: Envelope, member: Member): Promise<Outcome> {
    const { clock, timeoutMs, kind, name, tracer } = this.parts
    const { event, asker, deliveries: attempt } = envelope
    const delivery = new RunningDelivery(clock, { attempt, timeoutMs, type: event.type })
    const stopListening = asker?.whenGone((why) => delivery.abort(why))
    try {
      const handled = tracer.deliver({ event, kind, name, attempt }, () =>
        member.handler(event, delivery),
      )
      const answer = await Promise.race([handled, delivery.abandoned])
      const isReply = asker !== null && answer !== undefined
      return { kind: 'handled', reply: isReply ? replyTo(event, answer) : null }
    } finally {
      delivery.end()
      stopListening?.()
    }
  }

  /** Delivers once more after a pause, or gives up. */
  async #failed(envelope: Envelope, thrown: unknown): Promise<void> {
    const { keeper, deliveriesMax, clock } = this.parts
    const isFinal = isOrchestrationError(thrown) && !thrown.retryable
    const isLast = envelope.deliveries >= deliveriesMax
    const isForsaken = keeper === null && this.members.length === 0
    if (isFinal || isLast || isForsaken) return this.#dead(envelope, thrown)
    const delayMs = redeliveryDelayMs(thrown, envelope.deliveries)
    this.#pause(envelope, delayMs)
    if (keeper !== null) await settled(keeper.again(envelope, clock.nowMs() + delayMs))
  }

  #pause(envelope: Envelope, delayMs: number): void {
    const cancel = this.parts.clock.after(delayMs, () => {
      this.#pauses.delete(envelope)
      this.#enqueue(envelope)
    })
    this.#pauses.set(envelope, cancel)
  }

  async #dead(envelope: Envelope, thrown: unknown): Promise<void> {
    const { keeper } = this.parts
    // One that cannot be recorded as dead is not: the next process delivers it again.
    if (keeper === null || (await settled(keeper.dead(envelope, thrown)))) {
      this.counts.deadLetters++
      envelope.asker?.answered(null, thrown)
      this.parts.onDead(envelope, thrown)
    }
    this.#leave(envelope)
  }

  #leave(envelope: Envelope): void {
    if (!this.#inside.delete(envelope)) return
    this.#dues.delete(envelope)
    const next = this.#lanes.leave(envelope)
    if (next !== null) this.#begin(next)
    this.parts.onLeft(envelope)
  }
}

/** The reply as the asker gets it: it names the request. @throws InputError for what is no event */
function replyTo(request: CloudEvent, answer: unknown): CloudEvent {
  const reply = readCloudEvent(answer)
  return extendEvent(reply, {
    causationid: request.id,
    ...(request.correlationid === undefined ? {} : { correlationid: request.correlationid }),
  })
}

function settled(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  )
}

function lost(deliveries: number): OrchestrationError {
  return new OrchestrationError(
    'CrashLoopError',
    `the event was delivered ${deliveries} times, and its process ended each time`,
    { hint: 'look at what its handler does with it, then redrive or discard the dead letter' },
  )
}
