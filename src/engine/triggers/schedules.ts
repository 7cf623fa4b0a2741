import { toErrorJson } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import type { Starts } from './starts.ts'
import type { SkippedTime, TriggerHost } from './trigger-host.ts'
import type { ScheduleTrigger } from './trigger-set.ts'

interface ArmedSchedule {
  readonly trigger: ScheduleTrigger
  /** The newest scheduled time that needs nothing any more; earlier ones are never looked at. */
  handledMs: number
  /** Wall time at which to look again. */
  lookAtMs: number
}

/**
 * Fires schedules by wall time behind one armed timeout. Whenever it looks, of each schedule only the newest
 * scheduled time counts, if it is no older than `catchUpMsMax`: after a start, a sleep of the computer or a
 * clock that was set forward there is one start, not one for each time missed. A clock that was set back
 * makes times come again; their ids exist, so nothing starts twice.
 */
export class Schedules {
  readonly #host: TriggerHost
  readonly #starts: Starts
  readonly #armed = new Map<string, ArmedSchedule>()
  #isStarted = false
  #cancel: (() => void) | null = null

  constructor(host: TriggerHost, starts: Starts) {
    this.#host = host
    this.#starts = starts
  }

  /** Replaces the schedules; one that stays the same goes on where it is. */
  replace(triggers: readonly ScheduleTrigger[]): void {
    const before = new Map(this.#armed)
    this.#armed.clear()
    for (const trigger of triggers) {
      const known = before.get(trigger.prefix)
      const isSame = known !== undefined && isSameSchedule(known.trigger, trigger)
      this.#armed.set(trigger.prefix, {
        trigger,
        handledMs: isSame ? known.handledMs : trigger.registeredAtMs - 1,
        lookAtMs: isSame ? known.lookAtMs : -Infinity,
      })
    }
    if (this.#isStarted) this.#look()
  }

  start(): void {
    this.#isStarted = true
    this.#look()
  }

  stop(): void {
    this.#isStarted = false
    this.#cancel?.()
    this.#cancel = null
  }

  #look(): void {
    const nowMs = this.#host.clock.nowMs()
    for (const armed of this.#armed.values()) {
      if (armed.handledMs > nowMs) {
        armed.handledMs = nowMs // The clock was set back.
        armed.lookAtMs = nowMs
      }
      if (armed.lookAtMs <= nowMs) this.#lookAt(armed, nowMs)
    }
    this.#arm()
  }

  #lookAt(armed: ArmedSchedule, nowMs: number): void {
    const { schedule } = armed.trigger
    const newestMs = schedule.newestUpTo(nowMs)
    armed.lookAtMs = schedule.nextAfter(nowMs) ?? Infinity
    if (newestMs === null || newestMs <= armed.handledMs) return
    armed.handledMs = newestMs
    try {
      this.#due(armed.trigger, newestMs, nowMs)
    } catch (thrown) {
      this.#failed(armed.trigger, newestMs, thrown)
    }
  }

  #due(trigger: ScheduleTrigger, scheduledMs: number, nowMs: number): void {
    const executionId = `${trigger.prefix}${scheduledMs}`
    if (this.#starts.isKnown(executionId)) return
    if (nowMs - scheduledMs > limits.catchUpMsMax) {
      this.#skip(trigger, { scheduledMs, reason: 'late' })
    } else if (this.#isRunning(trigger.prefix)) {
      this.#skip(trigger, { scheduledMs, reason: 'running' })
    } else {
      this.#starts
        .fire(trigger, executionId, { tda: this.#host.tda() })
        .catch((thrown: unknown) => this.#failed(trigger, scheduledMs, thrown))
    }
  }

  #isRunning(prefix: string): boolean {
    if (this.#starts.isStarting(prefix)) return true
    return this.#host.openIds(prefix).some((id) => /^\d+$/.test(id.slice(prefix.length)))
  }

  #skip({ workflow, version, index }: ScheduleTrigger, skipped: SkippedTime): void {
    const why =
      skipped.reason === 'running'
        ? 'a scheduled time is left out: the execution before it is still open'
        : 'a scheduled time is left out: nobody was there to start it within an hour'
    this.#host.logger.log('info', why, {
      workflow,
      version,
      trigger: index,
      scheduledMs: skipped.scheduledMs,
    })
    this.#host.onSkipped?.({ workflow, version, index }, skipped)
  }

  /** A start that failed for the moment is tried again, as long as no newer time has come. */
  #failed(trigger: ScheduleTrigger, scheduledMs: number, thrown: unknown): void {
    const { workflow, version, index, prefix } = trigger
    const { code, message, retryable } = toErrorJson(thrown, 'InternalError')
    this.#host.logger.log(retryable ? 'warn' : 'error', 'a scheduled start failed', {
      workflow,
      version,
      trigger: index,
      scheduledMs,
      code,
      error: message,
      retryable,
    })
    const armed = this.#armed.get(prefix)
    if (!retryable || armed?.handledMs !== scheduledMs) return
    armed.handledMs = scheduledMs - 1
    armed.lookAtMs = Math.min(armed.lookAtMs, this.#host.clock.nowMs() + limits.scheduleRetryMs)
    if (this.#isStarted) this.#arm()
  }

  #arm(): void {
    this.#cancel?.()
    this.#cancel = null
    if (this.#armed.size === 0) return
    const { clock } = this.#host
    let firstMs = Infinity
    for (const { lookAtMs } of this.#armed.values()) firstMs = Math.min(firstMs, lookAtMs)
    const delayMs = Math.max(0, firstMs - clock.nowMs())
    this.#cancel = clock.after(Math.min(delayMs, limits.timerArmMsMax), () => {
      this.#cancel = null
      this.#look()
    })
  }
}

function isSameSchedule(a: ScheduleTrigger, b: ScheduleTrigger): boolean {
  return (
    a.version === b.version &&
    a.schedule.pattern === b.schedule.pattern &&
    a.schedule.timezone === b.schedule.timezone
  )
}
