import { invariant } from '../core/assert.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import type { CircuitBreaker, Verdict } from './circuit-breaker.ts'
import { FairQueue, type Turn } from './fair-queue.ts'
import { RequestRate } from './request-rate.ts'

/** Called once: a waiting place is granted, or it is refused since the breaker has opened. */
export type Grant = (answer: 'granted' | 'open') => void

const anybody: Turn = { owner: '', age: 0 }

export interface PoolOptions {
  /** Places that may be held at the same time. */
  readonly maxConcurrent: number
  /** Callers that may wait; 0 refuses instead. */
  readonly queueMax: number
  /** Places granted in any 60 s; absent for any number. */
  readonly requestsPerMinute?: number
  /** Absent lets every call through. */
  readonly breaker?: CircuitBreaker
  /** The process is to take nothing more on: then the oldest is served first. Default never. */
  readonly isFull?: () => boolean
  /** Default the computer's own. */
  readonly clock?: () => Clock
}

/**
 * The places of one agent, or of one key of `concurrency`: the one gate in front of it. At most `maxConcurrent` are held, at most
 * `queueMax` callers wait, and those of different owners are served in turn. In a full process the oldest
 * goes first, so that executions end and leave memory instead of all of them growing together. Places are
 * only counted: whoever was granted one releases it once.
 */
export class AgentPool {
  /** A larger one is felt when the next place is given back. */
  maxConcurrent: number
  readonly queueMax: number
  readonly #clock: () => Clock
  readonly #rate: RequestRate | null
  readonly breaker: CircuitBreaker | null
  readonly #queue = new FairQueue<Grant>()
  readonly #isFull: () => boolean
  #held = 0
  #isGranting = false
  #disarm: (() => void) | null = null

  constructor(options: PoolOptions) {
    const { maxConcurrent, queueMax, requestsPerMinute, breaker, isFull, clock } = options
    this.maxConcurrent = maxConcurrent
    this.queueMax = queueMax
    this.breaker = breaker ?? null
    this.#isFull = isFull ?? (() => false)
    this.#clock = clock ?? (() => systemClock)
    this.#rate = requestsPerMinute === undefined ? null : new RequestRate(requestsPerMinute)
  }

  /** Places held. */
  get held(): number {
    return this.#held
  }

  /** Callers waiting. */
  get waiting(): number {
    return this.#queue.size
  }

  /** Whether a place would be granted at once. */
  get isFree(): boolean {
    return this.#queue.size === 0 && this.#waitMs() === 0
  }

  /**
   * `granted`: the place is held now and `grant` is not called. `queued`: `grant` is called when it is held,
   * or the breaker opens. `full`, `open`: nothing happened.
   *
   * @param turn whose turn it takes; default one for all
   * @throws InternalError when the same function already waits
   */
  acquire(grant: Grant, turn: Turn = anybody): 'granted' | 'queued' | 'full' | 'open' {
    if (this.breaker?.places() === 0) return 'open'
    if (this.isFree) {
      this.#take()
      return 'granted'
    }
    if (this.#queue.size >= this.queueMax) return 'full'
    this.#queue.push(turn, grant)
    this.#armTimer()
    return 'queued'
  }

  /**
   * Gives a held place back; the next in the queue gets it before this returns.
   *
   * @param verdict what the call says of its agent; default nothing
   */
  release(verdict: Verdict = 'none'): void {
    invariant(this.#held > 0, 'a pool place was released that nobody held')
    this.#held--
    this.breaker?.ended(verdict)
    this.#grantWaiting()
  }

  /** Takes a caller out of the queue; false when it does not wait (any more), so its place must be released. */
  cancel(grant: Grant): boolean {
    const wasWaiting = this.#queue.remove(grant)
    this.#armTimer()
    return wasWaiting
  }

  #grantWaiting(): void {
    // A grant may release again at once: the loop below takes that up instead of recursing.
    if (this.#isGranting) return
    this.#isGranting = true
    try {
      while (this.#queue.size > 0) {
        if (this.breaker?.places() === 0) {
          this.#queue.shift()?.('open')
          continue
        }
        if (this.#waitMs() > 0) break
        const grant = this.#isFull() ? this.#queue.shiftOldest() : this.#queue.shift()
        this.#take()
        grant?.('granted')
      }
    } finally {
      this.#isGranting = false
    }
    this.#armTimer()
  }

  /** How long the next place has to wait at least; infinity until one is released. */
  #waitMs(): number {
    const places = Math.min(this.maxConcurrent, this.breaker?.places() ?? Infinity)
    if (this.#held >= places) return Infinity
    return this.#rate === null ? 0 : this.#rate.waitMs(this.#clock().monotonicMs())
  }

  #take(): void {
    this.#held++
    this.#rate?.began(this.#clock().monotonicMs())
  }

  /** Nothing but time may free the next place: then a timer is armed for as long as somebody waits. */
  #armTimer(): void {
    if (this.#rate === null) return
    if (this.#queue.size === 0) {
      this.#disarm?.()
      this.#disarm = null
      return
    }
    if (this.#disarm !== null) return
    const waitMs = this.#waitMs()
    if (waitMs === Infinity) return
    this.#disarm = this.#clock().after(Math.ceil(waitMs), () => {
      this.#disarm = null
      this.#grantWaiting()
    })
  }
}
