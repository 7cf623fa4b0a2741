import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { LogEntry } from '../engine/index.ts'

export interface AskedEventsOptions {
  /** What is recorded of an execution after an event, oldest first. */
  readonly log: (
    executionId: string,
    afterSeq: number,
  ) => readonly LogEntry[] | Promise<readonly LogEntry[]>
  readonly everyMs: number
  readonly clock: Clock
  readonly logger: Logger
  readonly tell: (entry: LogEntry) => void
}

/** So much later it is asked again after it did not answer, and twice as late each time, up to: */
const silentMsMax = 10_000

/**
 * The events of executions whose engine tells nothing by itself: each one that is watched is asked again and
 * again. Every event is told once, in order, from the first on.
 */
export class AskedEvents {
  readonly #of: AskedEventsOptions

  constructor(of: AskedEventsOptions) {
    this.#of = of
  }

  /** @returns ends it */
  watch(executionId: string): () => void {
    const { log, everyMs, clock, logger, tell } = this.#of
    let isOver = false
    let disarm: (() => void) | null = null
    let last = 0
    let waitMs = everyMs
    const ask = async (): Promise<void> => {
      try {
        const entries = await log(executionId, last)
        for (const entry of entries) {
          if (isOver) return
          if (entry.seq <= last) continue
          last = entry.seq
          tell(entry)
        }
        waitMs = everyMs
      } catch (thrown) {
        waitMs = Math.min(2 * waitMs, silentMsMax)
        const error = messageOf(thrown)
        logger.log('warn', 'an execution that is followed does not answer', { executionId, error })
      }
      if (!isOver) disarm = clock.after(waitMs, () => void ask())
    }
    void ask()
    return () => {
      isOver = true
      disarm?.()
    }
  }
}
