import type { Clock } from '../core/clock.ts'
import { type CloudEvent, readCloudEvent } from '../core/contracts/events.ts'
import {
  AgentCommunicationError,
  OrchestrationError,
  ResourceExhaustionError,
  toErrorJson,
} from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import { type Logger, silentLogger } from '../core/logger.ts'
import { type Asker, Channel, type Envelope, type Member } from './channel.ts'
import type {
  EventHandler,
  EventMesh,
  MeshDeadLetter,
  MeshSubscription,
  PublishOptions,
  RequestOptions,
  SubscribeOptions,
} from './event-mesh.ts'
import { compilePattern } from './pattern.ts'
import { TurnQueue } from './turn-queue.ts'

const maxConcurrentDefault = 16
/** Types whose channels are remembered. */
const typesMax = 1_000

/** A publisher that waits for room. */
interface Waiting {
  readonly event: CloudEvent
  readonly asker: Asker | null
  readonly cancel: () => void
  readonly resolve: (channels: number) => void
  readonly reject: (error: unknown) => void
}

/** The event mesh inside one process: nothing is kept when it ends. */
export class InProcessMesh implements EventMesh {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #turns: TurnQueue
  readonly #channels = new Map<string, Channel>()
  readonly #byType = new Map<string, readonly Channel[]>()
  readonly #deadListeners = new Set<(letter: MeshDeadLetter) => void>()
  readonly #drained = new Set<() => void>()
  #waiting: Waiting[] = []
  #isAdmitting = false
  /** Events in all channels. */
  #inside = 0
  #names = 0
  #closing: Promise<void> | null = null

  constructor({
    clock,
    logger = silentLogger,
  }: {
    readonly clock: Clock
    readonly logger?: Logger
  }) {
    this.#clock = clock
    this.#logger = logger
    this.#turns = new TurnQueue(clock)
  }

  async publish(event: CloudEvent, options: PublishOptions = {}): Promise<void> {
    await this.#accept(readCloudEvent(event), null, options.roomWithinMs ?? 0)
  }

  async subscribe(
    pattern: string,
    handler: EventHandler,
    { group, maxConcurrent = maxConcurrentDefault }: SubscribeOptions = {},
  ): Promise<MeshSubscription> {
    this.#refuseWhenClosed()
    if (!Number.isInteger(maxConcurrent) || maxConcurrent < 1)
      throw new OrchestrationError('InputError', 'maxConcurrent is an integer of 1 or more')
    const name = group === undefined ? `/${this.#names++}` : `group ${group}`
    const channel = this.#channels.get(name) ?? this.#open(name, pattern, group ?? null)
    if (channel.parts.pattern !== pattern) {
      throw new OrchestrationError(
        'InputError',
        `group '${group}' is subscribed to '${channel.parts.pattern}', not to '${pattern}'`,
        { hint: 'the members of a group share one pattern: use another group' },
      )
    }
    const member: Member = { handler, maxConcurrent, running: 0, onEnded: null }
    channel.members.push(member)
    channel.wake()
    let stopping: Promise<void> | null = null
    return {
      stop: () => (stopping ??= this.#stop(name, member)),
    }
  }

  async request(event: CloudEvent, { timeoutMs }: RequestOptions): Promise<CloudEvent> {
    const read = readCloudEvent(event)
    const { promise, resolve, reject } = Promise.withResolvers<CloudEvent>()
    const asker = new Request(resolve, reject)
    const cancel = this.#clock.after(timeoutMs, () =>
      asker.end(unanswered(read, `there was no reply within ${timeoutMs} ms`)),
    )
    try {
      const channels = await this.#accept(read, asker, 0)
      if (channels === 0) asker.end(unanswered(read, 'nobody is subscribed'))
      else asker.expect(channels)
      return await promise
    } finally {
      cancel()
    }
  }

  onDeadLetter(listener: (letter: MeshDeadLetter) => void): () => void {
    this.#deadListeners.add(listener)
    return () => void this.#deadListeners.delete(listener)
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
      reject(closed())
    }
    await Promise.all(
      [...this.#channels].flatMap(([name, { members }]) =>
        [...members].map((member) => this.#stop(name, member)),
      ),
    )
    this.#checkDrained()
  }

  /** Puts the event into every channel that wants it, or into none. Resolves with their number. */
  async #accept(event: CloudEvent, asker: Asker | null, roomWithinMs: number): Promise<number> {
    this.#refuseWhenClosed()
    const channels = this.#offer(event, asker)
    if (channels !== null) return channels
    if (roomWithinMs <= 0 || this.#waiting.length >= limits.meshPublishersMax)
      throw this.#noRoom(event)
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(roomWithinMs, () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
        reject(this.#noRoom(event))
        this.#checkDrained()
      })
      const waiting = { event, asker, cancel, resolve, reject }
      this.#waiting.push(waiting)
    })
  }

  /** The number of channels that took the event; null when one of them is full, and then none has it. */
  #offer(event: CloudEvent, asker: Asker | null): number | null {
    const channels = this.#channelsOf(event.type)
    for (const channel of channels) if (channel.isFull) return null
    this.#inside += channels.length
    for (const channel of channels) channel.add({ event, asker, deliveries: 0 })
    return channels.length
  }

  #channelsOf(type: string): readonly Channel[] {
    const known = this.#byType.get(type)
    if (known !== undefined) return known
    if (this.#byType.size >= typesMax) this.#byType.clear()
    const found = [...this.#channels.values()].filter(({ parts }) => parts.matches(type))
    this.#byType.set(type, found)
    return found
  }

  #open(name: string, pattern: string, group: string | null): Channel {
    const channel = new Channel({
      clock: this.#clock,
      pattern,
      group,
      matches: compilePattern(pattern),
      onLeft: () => this.#left(),
      onDead: (envelope, thrown) => this.#dead(channel, envelope, thrown),
      soon: (run) => this.#turns.soon(run),
    })
    this.#channels.set(name, channel)
    this.#byType.clear()
    return channel
  }

  async #stop(name: string, member: Member): Promise<void> {
    const channel = this.#channels.get(name)
    if (channel?.members.length === 1 && channel.members[0] === member) {
      this.#channels.delete(name)
      this.#byType.clear()
    }
    channel?.remove(member, unhandled)
    if (member.running === 0) return
    await new Promise<void>((resolve) => {
      member.onEnded = () => {
        if (member.running === 0) resolve()
      }
    })
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
    this.#waiting = this.#waiting.filter(({ event, asker, cancel, resolve }) => {
      const channels = this.#offer(event, asker)
      if (channels === null) return true
      cancel()
      resolve(channels)
      return false
    })
    this.#checkDrained()
  }

  #isEmpty(): boolean {
    return this.#inside === 0 && this.#waiting.length === 0
  }

  #checkDrained(): void {
    if (this.#drained.size === 0 || !this.#isEmpty()) return
    const told = [...this.#drained]
    this.#drained.clear()
    for (const resolve of told) resolve()
  }

  #dead({ parts }: Channel, { event, deliveries }: Envelope, thrown: unknown): void {
    const { pattern, group } = parts
    const error = toErrorJson(thrown)
    const atMs = this.#clock.nowMs()
    const { code, message } = error
    const { source, id, type } = event
    this.#logger.log('error', 'an event was given up', {
      source,
      id,
      type,
      pattern,
      group,
      deliveries,
      code,
      error: message,
    })
    for (const listener of this.#deadListeners) {
      try {
        listener({ event, pattern, group, deliveries, error, atMs })
      } catch (broken) {
        const { message } = toErrorJson(broken)
        this.#logger.log('error', 'a listener for dead letters failed', { error: message })
      }
    }
  }

  #noRoom({ type }: CloudEvent): ResourceExhaustionError {
    const full = this.#channelsOf(type).find(({ isFull }) => isFull)?.parts
    const whose = full?.group == null ? `pattern '${full?.pattern}'` : `group '${full.group}'`
    return new ResourceExhaustionError(
      `event '${type}' is refused: ${limits.meshQueueMax} events wait for ${whose} (meshQueueMax)`,
      {
        retryable: true,
        hint: 'publish it again later, or with roomWithinMs',
        details: { limit: 'meshQueueMax', max: limits.meshQueueMax },
      },
    )
  }

  #refuseWhenClosed(): void {
    if (this.#closing !== null) throw closed()
  }
}

/** One request: ends with the first reply, or when no channel is left that might reply. */
class Request implements Asker {
  isDone = false
  #outstanding = 0
  #thrown: unknown = null
  readonly #resolve: (reply: CloudEvent) => void
  readonly #reject: (error: unknown) => void

  constructor(resolve: (reply: CloudEvent) => void, reject: (error: unknown) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  /** So many channels have the request; they may have answered already. */
  expect(channels: number): void {
    this.#outstanding += channels
    this.#judge()
  }

  answered(reply: CloudEvent | null, thrown: unknown): void {
    this.#outstanding--
    this.#thrown ??= thrown
    if (reply !== null && !this.isDone) {
      this.isDone = true
      this.#resolve(reply)
    }
    this.#judge()
  }

  end(error: unknown): void {
    if (this.isDone) return
    this.isDone = true
    this.#reject(error)
  }

  #judge(): void {
    if (this.#outstanding === 0) {
      this.end(
        this.#thrown ?? new AgentCommunicationError('the request was handled without a reply'),
      )
    }
  }
}

const unhandled = new AgentCommunicationError(
  'the last handler was stopped before it began this event',
)

function unanswered({ type }: CloudEvent, why: string): AgentCommunicationError {
  return new AgentCommunicationError(`request '${type}': ${why}`)
}

function closed(): OrchestrationError {
  return new OrchestrationError('RefusedError', 'the event mesh is closed')
}
