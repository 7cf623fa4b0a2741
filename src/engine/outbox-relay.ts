import type { Clock } from '../core/clock.ts'
import type { CloudEvent } from '../core/contracts/events.ts'
import { toErrorJson } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { Logger } from '../core/logger.ts'
import type { EmbeddedEngineParts } from './engine-parts.ts'
import type { Executions } from './executions.ts'
import type { Journal, OutboxEntry } from './journal/journal.ts'
import { isForMirrors, tellMirrors } from './state-mirrors.ts'

export interface OutboxRelayOptions {
  readonly journal: Journal
  readonly clock: Clock
  readonly logger: Logger
  /** Resolves when whoever it is for has accepted the event; a rejection means: later again. */
  readonly send: (event: CloudEvent) => Promise<void>
  /** Which events of the outbox are this relay's; null: one that was damaged. */
  readonly isOwn: (event: CloudEvent | null) => boolean
  /** True: nothing is sent. */
  readonly isRecordingOnly: boolean
}

/** How long a published event waits for room in the mesh before it is tried again. */
const roomWithinMs = 5_000
const retryMs = 250
const retryMsMax = 30_000

type Sendable = OutboxEntry & { readonly event: CloudEvent }

/**
 * Sends on what executions have published, at least once each: an event leaves the journal's outbox only
 * after it was accepted. What cannot be sent is tried again until it can; others go on meanwhile, but for
 * those behind it with the same `partitionkey`.
 */
export class OutboxRelay {
  readonly #options: OutboxRelayOptions
  /** Everything up to this position was read. */
  #readUpTo = 0
  /** What could not be sent, in order. */
  #waiting: readonly Sendable[] = []
  /** Positions of what was sent and is not recorded as sent. */
  #sent: number[] = []
  #running: Promise<void> | null = null
  #isAwake = false
  #isClosed = false
  #retryMs = retryMs
  #cancelRetry: (() => void) | null = null

  constructor(options: OutboxRelayOptions) {
    this.#options = options
  }

  /** There may be something to send. */
  wake(): void {
    if (this.#isClosed || this.#options.isRecordingOnly) return
    this.#isAwake = true
    this.#running ??= this.#run().finally(() => {
      this.#running = null
      if (this.#isAwake) this.wake()
    })
  }

  /** Sends nothing more; resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#isAwake = false
    this.#cancelRetry?.()
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#isAwake && !this.#isClosed) {
      this.#isAwake = false
      try {
        while (await this.#pass());
      } catch (thrown) {
        this.#log('error', 'the outbox cannot be read or written', thrown)
        this.#retryLater()
      }
    }
  }

  /** Sends what waits and what is new, a batch of it. @returns whether there may be more */
  async #pass(): Promise<boolean> {
    const { journal, isOwn } = this.#options
    const read = journal.outbox(this.#readUpTo, limits.outboxBatchMax - this.#waiting.length)
    this.#readUpTo = read.at(-1)?.position ?? this.#readUpTo
    const fresh = read.filter(({ event }) => isOwn(event))
    const batch = [...this.#waiting, ...fresh]
    if (batch.length > 0) this.#sent.push(...(await this.#send(batch)))
    if (this.#sent.length > 0) {
      const nothing = { documents: [], starts: [], rows: [], statuses: [] }
      await journal.append({ ...nothing, sent: this.#sent })
      this.#sent = []
    }
    if (this.#waiting.length === 0) this.#retryMs = retryMs
    else this.#retryLater()
    return !this.#isClosed && read.length > 0
  }

  /** @returns the positions that are done with; what failed waits */
  async #send(batch: readonly OutboxEntry[]): Promise<readonly number[]> {
    const lastOfKey = new Map<string, Promise<boolean>>()
    const results = batch.map(async (entry): Promise<boolean> => {
      if (!isSendable(entry)) {
        this.#log('error', 'a published event is damaged and cannot be sent', null)
        return true
      }
      const { partitionkey } = entry.event
      if (partitionkey === undefined) return this.#try(entry)
      const before = lastOfKey.get(partitionkey)
      const own = before?.then((isSent) => isSent && this.#try(entry)) ?? this.#try(entry)
      lastOfKey.set(partitionkey, own)
      return own
    })
    const isSent = await Promise.all(results)
    this.#waiting = batch.filter((_, i) => isSent[i] === false).filter(isSendable)
    return batch.filter((_, i) => isSent[i] === true).map(({ position }) => position)
  }

  async #try({ event }: Sendable): Promise<boolean> {
    if (this.#isClosed) return false
    try {
      await this.#options.send(event)
      return true
    } catch (thrown) {
      this.#log('warn', `'${event.type}' cannot be sent now, it is tried again`, thrown)
      return false
    }
  }

  #retryLater(): void {
    if (this.#cancelRetry !== null || this.#isClosed) return
    this.#cancelRetry = this.#options.clock.after(this.#retryMs, () => {
      this.#cancelRetry = null
      this.wake()
    })
    this.#retryMs = Math.min(2 * this.#retryMs, retryMsMax)
  }

  #log(level: 'warn' | 'error', message: string, thrown: unknown): void {
    const { code, message: error } = thrown === null ? {} : toErrorJson(thrown, 'InternalError')
    this.#options.logger.log(level, message, { code, error })
  }
}

/** What sends on whatever an engine has in its outbox. */
export type Relays = Pick<OutboxRelay, 'wake' | 'close'>

/**
 * The relays of an engine: what its executions publish goes to its mesh and to its own triggers, what they have
 * in their state to its mirrors, and neither waits for the other. One that only records leaves it to the next
 * owner.
 */
export function relaysOf(
  parts: EmbeddedEngineParts,
  executions: Executions,
  deliver: (event: CloudEvent) => Promise<unknown>,
): Relays {
  const { journal, clock, logger, mesh = null, mirrors = [], isRecordingOnly = false } = parts
  const shared = { journal, clock, logger, isRecordingOnly }
  const published = new OutboxRelay({
    ...shared,
    isOwn: (event) => event === null || !isForMirrors(event),
    send: async (event) => {
      await mesh?.publish(event, { roomWithinMs })
      await deliver(event)
    },
  })
  const state = new OutboxRelay({
    ...shared,
    isOwn: (event) => event !== null && isForMirrors(event),
    send: (event) => tellMirrors(event, { mirrors, logger, executions }),
  })
  return {
    wake() {
      published.wake()
      state.wake()
    },
    close: async () => void (await Promise.all([published.close(), state.close()])),
  }
}

function isSendable(entry: OutboxEntry): entry is Sendable {
  return entry.event !== null
}
