import { OrchestrationError } from '../core/errors.ts'
import type { LogEntry, WorkflowEngine } from '../engine/index.ts'
import type { ApiServerOptions } from './api-server-options.ts'
import { AskedEvents } from './asked-events.ts'
import { notOffered, Refusal } from './refusal.ts'
import { serverLimits } from './server-limits.ts'

type StreamsOptions = Pick<
  ApiServerOptions,
  'engine' | 'log' | 'eventsEveryMs' | 'clock' | 'logger'
>

/** Somebody who is told what happens. */
export interface Follower {
  /** An event was recorded: of the followed execution, in order, or of any. */
  take(entry: LogEntry): void
  /** The server goes down. */
  bye(): void
}

/**
 * Everybody who follows events: one subscription to the engine, or one who asks for each execution that is followed,
 * however many there are.
 */
export class Streams {
  readonly #engine: WorkflowEngine
  readonly #asked: AskedEvents | null
  /** Ends the asking, by execution. */
  readonly #asking = new Map<string, () => void>()
  readonly #ofExecution = new Map<string, Set<Follower>>()
  readonly #ofAll = new Set<Follower>()
  #count = 0
  #unsubscribe: (() => void) | null = null
  #isClosed = false

  constructor({ engine, log, eventsEveryMs, clock, logger }: StreamsOptions) {
    this.#engine = engine
    this.#asked =
      eventsEveryMs === undefined || log === undefined
        ? null
        : new AskedEvents({
            log,
            everyMs: eventsEveryMs,
            clock,
            logger,
            tell: (entry) => this.#tell(entry),
          })
  }

  get size(): number {
    return this.#count
  }

  /**
   * Tells the follower every event that is recorded from now on.
   *
   * @param executionId null for all executions
   * @returns ends it; may be called more than once
   * @throws ResourceExhaustionError (503) over `streamsMax`, OwnerError when the server is closed; a refusal (501) of all
   *   executions where none tells by itself
   */
  follow(executionId: string | null, follower: Follower): () => void {
    if (this.#isClosed) {
      throw new OrchestrationError('OwnerError', 'the server is going down', { retryable: true })
    }
    if (this.#count >= serverLimits.streamsMax) {
      throw new Refusal(503, 'ResourceExhaustionError', {
        message: `${this.#count} connections follow events; streamsMax is ${serverLimits.streamsMax}`,
        retryable: true,
        hint: 'close one that nobody reads',
      })
    }
    if (this.#asked !== null && executionId === null)
      throw notOffered('this engine tells no events of all executions', 'follow those of one')
    const followers = this.#followersOf(executionId)
    followers.add(follower)
    this.#count++
    if (this.#asked === null || executionId === null)
      this.#unsubscribe ??= this.#engine.subscribe({ onEvent: (entry) => this.#tell(entry) })
    else if (!this.#asking.has(executionId))
      this.#asking.set(executionId, this.#asked.watch(executionId))
    return () => {
      if (followers.delete(follower)) this.#left(executionId, followers)
    }
  }

  /** Says goodbye to everybody and takes nobody any more. */
  close(): void {
    this.#isClosed = true
    for (const followers of [...this.#ofExecution.values(), this.#ofAll]) {
      for (const follower of followers) follower.bye()
    }
  }

  #followersOf(executionId: string | null): Set<Follower> {
    if (executionId === null) return this.#ofAll
    const known = this.#ofExecution.get(executionId)
    if (known !== undefined) return known
    const followers = new Set<Follower>()
    this.#ofExecution.set(executionId, followers)
    return followers
  }

  #left(executionId: string | null, followers: Set<Follower>): void {
    this.#count--
    if (executionId !== null && followers.size === 0) {
      this.#ofExecution.delete(executionId)
      this.#asking.get(executionId)?.()
      this.#asking.delete(executionId)
    }
    if (this.#count > 0) return
    this.#unsubscribe?.()
    this.#unsubscribe = null
  }

  #tell(entry: LogEntry): void {
    for (const follower of this.#ofExecution.get(entry.executionId) ?? []) follower.take(entry)
    for (const follower of this.#ofAll) follower.take(entry)
  }
}
