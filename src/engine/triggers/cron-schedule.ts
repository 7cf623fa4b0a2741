import { Cron } from 'croner'

/**
 * The times of a cron pattern in a time zone. Where clocks go forward, a time of day that does not exist
 * comes at the moment of the change; where they go back, a single time of day comes once and a repeating
 * pattern in both hours.
 */
export class CronSchedule {
  readonly pattern: string
  readonly timezone: string
  readonly #cron: Cron

  /** @throws Error of the parser for a pattern or a time zone that cannot be read */
  constructor(pattern: string, timezone: string) {
    this.pattern = pattern
    this.timezone = timezone
    this.#cron = new Cron(pattern, { paused: true, timezone })
    this.nextAfter(0)
  }

  /** The first scheduled time after `atMs`; null when there is none. */
  nextAfter(atMs: number): number | null {
    return this.#cron.nextRun(new Date(atMs))?.getTime() ?? null
  }

  /** The last scheduled time up to and including `atMs`; null when there is none. */
  newestUpTo(atMs: number): number | null {
    // The library looks for times before a reference that it cuts to whole seconds.
    const before = new Date((Math.floor(atMs / 1_000) + 1) * 1_000)
    return this.#cron.previousRuns(1, before)[0]?.getTime() ?? null
  }
}
