import type { Clock } from '../core/clock.ts'
import type { CloudEvent } from '../core/contracts/events.ts'
import { OrchestrationError, ResourceExhaustionError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'

/** How events of one type are handled. */
export interface Reaction {
  /** Handles one event; a rejection means that the source delivers it again. */
  readonly handle: (event: CloudEvent) => unknown
  /** Events for which it is false are passed over. Default: none are. */
  readonly when?: (event: CloudEvent) => boolean
  /** Events of one key are handled one after the other, as they came. Default: no event waits for another. */
  readonly key?: (event: CloudEvent) => string
  /** Of a burst (of one key) only the last event is handled, once it was quiet for so long. Default 0: each is. */
  readonly debounceMs?: number
  /** Events that are handled at the same time. Default 16. */
  readonly maxConcurrent?: number
}

interface Job {
  readonly event: CloudEvent
  readonly id: string
  /** Null where order does not matter. */
  readonly key: string | null
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const defaultMaxConcurrent = 16

/** Handles the events of one type: in order by key, after the burst, and so many at a time. */
export class Reactor {
  readonly #reaction: Reaction
  readonly #clock: Clock
  readonly #known = new Map<string, Promise<void>>()
  readonly #quiet = new Map<string, { readonly job: Job; readonly disarm: () => void }>()
  #waiting: Job[] = []
  readonly #busy = new Set<string>()
  #running = 0
  #isStopped = false

  constructor(reaction: Reaction, clock: Clock) {
    this.#reaction = reaction
    this.#clock = clock
  }

  /**
   * Resolves when the event is handled, passed over or overtaken by a later one of its burst. A repeat of what
   * is waiting or was handled lately does nothing of its own.
   */
  accept(event: CloudEvent): Promise<void> {
    if (this.#isStopped) return Promise.reject(stopped())
    if (this.#reaction.when?.(event) === false) return Promise.resolve()
    const id = `${event.source}\n${event.id}`
    const known = this.#known.get(id)
    if (known !== undefined) return known
    if (this.#waiting.length + this.#quiet.size >= limits.meshQueueMax)
      return Promise.reject(full(event.type))
    const key = this.#reaction.key?.(event) ?? null
    const handled = new Promise<void>((resolve, reject) => {
      this.#take({ event, id, key, resolve, reject })
    })
    this.#remember(id, handled)
    return handled
  }

  /** Refuses what waits; what runs comes to its end by itself. */
  stop(): void {
    this.#isStopped = true
    const waiting = [...this.#waiting, ...Array.from(this.#quiet.values(), ({ job }) => job)]
    for (const { disarm } of this.#quiet.values()) disarm()
    this.#quiet.clear()
    this.#waiting = []
    for (const job of waiting) job.reject(stopped())
  }

  #take(job: Job): void {
    const { debounceMs = 0 } = this.#reaction
    if (debounceMs <= 0) {
      this.#waiting.push(job)
      return this.#pump()
    }
    const burst = job.key ?? ''
    const before = this.#quiet.get(burst)
    before?.disarm()
    before?.job.resolve()
    const disarm = this.#clock.after(debounceMs, () => {
      this.#quiet.delete(burst)
      this.#waiting.push(job)
      this.#pump()
    })
    this.#quiet.set(burst, { job, disarm })
  }

  #pump(): void {
    const { maxConcurrent = defaultMaxConcurrent } = this.#reaction
    const left: Job[] = []
    for (const job of this.#waiting) {
      const mustWait = job.key !== null && this.#busy.has(job.key)
      if (this.#running >= maxConcurrent || mustWait) left.push(job)
      else this.#start(job)
    }
    this.#waiting = left
  }

  #start(job: Job): void {
    const { event, key } = job
    this.#running++
    if (key !== null) this.#busy.add(key)
    const end = (tell: () => void): void => {
      this.#running--
      if (key !== null) this.#busy.delete(key)
      tell()
      this.#pump()
    }
    Promise.resolve(event)
      .then(this.#reaction.handle)
      .then(
        () => end(job.resolve),
        (thrown: unknown) => end(() => job.reject(thrown)),
      )
  }

  /** Keeps what was handled lately; what failed is forgotten, so that its next delivery is taken. */
  #remember(id: string, handled: Promise<void>): void {
    this.#known.set(id, handled)
    handled.catch(() => this.#known.delete(id))
    if (this.#known.size <= limits.eventsKnownMax) return
    const oldest = this.#known.keys().next()
    if (oldest.done !== true) this.#known.delete(oldest.value)
  }
}

function stopped(): OrchestrationError {
  return new OrchestrationError('RefusedError', 'the reaction was stopped', { retryable: true })
}

function full(type: string): OrchestrationError {
  return new ResourceExhaustionError(
    `${limits.meshQueueMax} events of type '${type}' wait to be handled (meshQueueMax)`,
    { retryable: true, hint: 'raise maxConcurrent of the reaction, or publish less' },
  )
}
