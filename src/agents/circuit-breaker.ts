import { assertNever } from '../core/assert.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { AgentCommunicationError, type ErrorJson } from '../core/errors.ts'

export interface BreakerSettings {
  /** Share of failures, above 0 to 1, from which on the breaker opens. Default 0.5. */
  readonly failureRatio: number
  /** Calls that must have ended within the window before the ratio means anything. Default 20. */
  readonly callsMin: number
  /** How far back calls are counted. Default 30 s. */
  readonly windowMs: number
  /** How long the agent is left alone once the breaker has opened. Default 10 s. */
  readonly openMs: number
  /** Calls that try it out at the same time after that, and successes that close the breaker. Default 1. */
  readonly probes: number
}

export const breakerDefaults: BreakerSettings = {
  failureRatio: 0.5,
  callsMin: 20,
  windowMs: 30_000,
  openMs: 10_000,
  probes: 1,
}

export type BreakerState = 'closed' | 'open' | 'halfOpen'

/** What a call that has ended says of its agent; `none`: nothing. */
export type Verdict = 'success' | 'failure' | 'none'

/** A breaker as operators see it. */
export interface BreakerView {
  readonly state: BreakerState
  /** Calls that have ended within the window, and how many of them failed. */
  readonly calls: number
  readonly failures: number
  /** How long no call is let through; 0 when calls are. */
  readonly opensInMs: number
}

const bucketCount = 10

/**
 * Keeps calls from an agent that fails.
 *
 * closed: every call passes, and how they end is counted over a sliding window of ten buckets. From
 * `failureRatio` on, with at least `callsMin` calls → open: every call is refused for `openMs`. The first
 * question after that → half-open: at most `probes` calls pass at the same time, and others may wait for
 * them. A failure → open again; `probes` successes → closed, with nothing counted.
 *
 * It lives in memory: what it refused is in the journals, and a new process begins closed.
 */
export class CircuitBreaker {
  readonly settings: BreakerSettings
  readonly #agentId: string
  readonly #clock: () => Clock
  readonly #onChange: (state: BreakerState) => void
  readonly #calls = new Array<number>(bucketCount).fill(0)
  readonly #failures = new Array<number>(bucketCount).fill(0)
  #bucket = 0
  #state: BreakerState = 'closed'
  #untilMs = 0
  #successes = 0

  constructor(
    agentId: string,
    settings: Partial<BreakerSettings> = {},
    host: {
      readonly clock?: () => Clock
      readonly onChange?: (state: BreakerState) => void
    } = {},
  ) {
    this.#agentId = agentId
    this.settings = { ...breakerDefaults, ...settings }
    this.#clock = host.clock ?? (() => systemClock)
    this.#onChange = host.onChange ?? (() => {})
  }

  /** As of the last call or question. */
  get state(): BreakerState {
    return this.#state
  }

  get view(): BreakerView {
    this.#forget()
    return {
      state: this.#state,
      calls: sum(this.#calls),
      failures: sum(this.#failures),
      opensInMs: this.#leftMs,
    }
  }

  /** Calls that may be under way at the same time; infinity when it bounds nothing, 0 when none may pass. */
  places(): number {
    if (this.#state === 'open' && this.#leftMs === 0) {
      this.#successes = 0
      this.#become('halfOpen')
    }
    if (this.#state === 'halfOpen') return this.settings.probes
    return this.#state === 'closed' ? Infinity : 0
  }

  /** A call has ended. */
  ended(verdict: Verdict): void {
    if (verdict === 'none') return
    switch (this.#state) {
      case 'closed':
        return this.#count(verdict)
      case 'halfOpen':
        if (verdict === 'failure') return this.#open()
        if (++this.#successes >= this.settings.probes) this.#close()
        return
      case 'open':
        // It had begun before the breaker opened.
        return
      default:
        assertNever(this.#state, 'state of a breaker')
    }
  }

  /** Why a call is refused; it says after what time to ask again. */
  refusal(): ErrorJson {
    const retryAfterMs = Math.ceil(this.#leftMs)
    const message = `the circuit breaker of agent '${this.#agentId}' is open: the call did not reach it`
    return new AgentCommunicationError(message, {
      retryable: true,
      hint: 'look at what its last calls failed of; one call tries it out when the breaker half-opens',
      details: { agentId: this.#agentId, breaker: this.#state, retryAfterMs },
    }).toJSON()
  }

  get #leftMs(): number {
    if (this.#state !== 'open') return 0
    return Math.max(0, this.#untilMs - this.#clock().monotonicMs())
  }

  #count(verdict: 'success' | 'failure'): void {
    this.#forget()
    const place = this.#bucket % bucketCount
    this.#calls[place] = (this.#calls[place] ?? 0) + 1
    if (verdict === 'success') return
    this.#failures[place] = (this.#failures[place] ?? 0) + 1
    const calls = sum(this.#calls)
    const { callsMin, failureRatio } = this.settings
    if (calls >= callsMin && sum(this.#failures) >= failureRatio * calls) this.#open()
  }

  /** Empties the buckets that the window has left behind. */
  #forget(): void {
    const now = Math.floor(this.#clock().monotonicMs() / (this.settings.windowMs / bucketCount))
    const passed = Math.min(now - this.#bucket, bucketCount)
    for (let step = 0; step < passed; step++) {
      this.#calls[(now - step) % bucketCount] = 0
      this.#failures[(now - step) % bucketCount] = 0
    }
    this.#bucket = now
  }

  #open(): void {
    this.#untilMs = this.#clock().monotonicMs() + this.settings.openMs
    this.#become('open')
  }

  #close(): void {
    this.#calls.fill(0)
    this.#failures.fill(0)
    this.#become('closed')
  }

  #become(state: BreakerState): void {
    this.#state = state
    this.#onChange(state)
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
