import { durationMsMax, parseDuration } from '../../core/duration.ts'
import type { OpenFileOptions } from '../engine-access.ts'
import type { ServeSettings } from './settings.ts'

const dayMs = 86_400_000

/** What of the settings the engine obeys. */
export function engineOptionsOf({ retention, limits, tenants }: ServeSettings): OpenFileOptions {
  return {
    limits,
    tenants,
    retention: {
      days: daysOf(retention.finishedFor),
      executionsMax: retention.finishedMax,
      deadLetterDays: daysOf(retention.deadLettersFor),
    },
  }
}

/** Null keeps for ever, which is a hundred years. */
function daysOf(duration: string | null): number {
  return (duration === null ? durationMsMax : (parseDuration(duration) ?? durationMsMax)) / dayMs
}
