import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { Journal } from './journal/journal.ts'

/** What is kept of ended executions. Of what is removed a tombstone stays, so that no start happens twice. */
export interface RetentionOptions {
  /** Days after its end. Default 30. */
  readonly days?: number
  /** So many of the newest at most. Default 1,000,000. */
  readonly executionsMax?: number
  /** Days after its end while a dead letter is open. Default 90. */
  readonly deadLetterDays?: number
}

const defaults = { days: 30, executionsMax: 1_000_000, deadLetterDays: 90 } as const
const dayMs = 86_400_000
/** Looked after again when so much time has passed, or a tenth of the age, or so many executions have ended. */
const intervalMsMax = 600_000
const intervalMsMin = 1_000
const endedMax = 1_000
/** Trees removed in one commit. */
const sliceMax = 500
/** While executions are active, so many more than `executionsMax` may stay: they are removed in a quieter moment. */
const busySlack = 0.02

export interface RetentionParts {
  readonly journal: Journal
  readonly clock: Clock
  readonly logger: Logger
  /** Executions are active: what need not be removed at once can wait. */
  readonly isBusy: () => boolean
}

/**
 * Removes what is older than the policy, in short commits between the turns of the event loop. Looks when
 * executions end; between `start` and `close` also by the clock.
 */
export class Retention {
  readonly #journal: Journal
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #policy: Required<RetentionOptions>
  #ended = 0
  #lookedAtMs = -Infinity
  #isAtWork = false
  #isClosed = false
  #cancel: (() => void) | null = null
  readonly #isBusy: () => boolean

  constructor(parts: RetentionParts, options: RetentionOptions) {
    this.#journal = parts.journal
    this.#clock = parts.clock
    this.#logger = parts.logger
    this.#isBusy = parts.isBusy
    this.#policy = { ...defaults, ...options }
  }

  /** An execution has ended. */
  noteEnded(): void {
    this.#ended++
    const nowMs = this.#clock.monotonicMs()
    if (this.#ended < endedMax && nowMs - this.#lookedAtMs < this.#intervalMs) return
    this.look()
  }

  /** Removes what is too old, without being waited for. */
  look(): void {
    this.#ended = 0
    this.#lookedAtMs = this.#clock.monotonicMs()
    if (this.#isAtWork || this.#isClosed) return
    this.#isAtWork = true
    void this.#slice()
  }

  /** Looks again and again, also when nothing ends. */
  start(): void {
    if (this.#isClosed || this.#cancel !== null) return
    this.#cancel = this.#clock.after(this.#intervalMs, () => {
      this.#cancel = null
      this.look()
      this.start()
    })
  }

  close(): void {
    this.#isClosed = true
    this.#cancel?.()
  }

  get #intervalMs(): number {
    return Math.min(intervalMsMax, Math.max(intervalMsMin, (this.#policy.days * dayMs) / 10))
  }

  async #slice(): Promise<void> {
    const nowMs = this.#clock.nowMs()
    const { days, executionsMax, deadLetterDays } = this.#policy
    const slack = this.#isBusy() ? busySlack : 0
    let removed = 0
    try {
      removed = await this.#journal.prune({
        endedBeforeMs: nowMs - days * dayMs,
        endedMax: Math.ceil(executionsMax * (1 + slack)),
        deadLetterEndedBeforeMs: nowMs - deadLetterDays * dayMs,
        limit: sliceMax,
      })
    } catch (thrown) {
      // Nothing is lost by it, and the next look tries again.
      this.#logger.log('warn', `retention could not remove anything: ${messageOf(thrown)}`)
    }
    if (removed < sliceMax || this.#isClosed) this.#isAtWork = false
    else this.#clock.atTurnEnd(() => void this.#slice())
  }
}

/** The retention of an engine; null where everything is kept. */
export function retentionOf(
  parts: Omit<RetentionParts, 'isBusy'> & { readonly retention?: RetentionOptions | null },
  isBusy: () => boolean,
): Retention | null {
  return parts.retention == null ? null : new Retention({ ...parts, isBusy }, parts.retention)
}
