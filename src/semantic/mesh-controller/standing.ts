import { assertNever } from '../../core/assert.ts'

/** Why an agent is kept from new work. */
export type QuarantineCause = 'health' | 'anomaly' | 'manual'

/**
 * Whether an agent is given work.
 *
 * trusted: it is. `failuresMax` bad observations in a row, an anomaly in its resource, or somebody by hand →
 * quarantined: it is not, until `untilMs` (null: until somebody releases it). The first observation after that →
 * probing: it is still not, and is only observed. `probes` good observations → trusted; a bad one → quarantined,
 * twice as long as before, at most `quarantineMsMax`.
 */
export type Standing =
  | {
      readonly kind: 'trusted'
      readonly failures: number
      /** Quarantines in a row, the last of which ended at `sinceMs`. */
      readonly times: number
      readonly sinceMs: number
    }
  | (Held & { readonly kind: 'quarantined'; readonly untilMs: number | null })
  | (Held & { readonly kind: 'probing'; readonly successes: number })

interface Held {
  readonly cause: QuarantineCause
  readonly reason: string
  readonly sinceMs: number
  readonly times: number
}

/** What was seen of an agent at one moment. */
export interface Observation {
  /** Why it is not well; null when it is. */
  readonly fault: string | null
  /** What is the matter with the resource that it works on; null for nothing. */
  readonly anomaly: string | null
}

export interface QuarantineSettings {
  /** Bad observations in a row after which an agent is quarantined. Default 3. */
  readonly failuresMax: number
  /** How long the first quarantine lasts. Default 60 s. */
  readonly quarantineMs: number
  /** The longest one. Default 15 min. */
  readonly quarantineMsMax: number
  /** Good observations that end it. Default 2. */
  readonly probes: number
}

export const quarantineDefaults: QuarantineSettings = {
  failuresMax: 3,
  quarantineMs: 60_000,
  quarantineMsMax: 900_000,
  probes: 2,
}

/** An agent of which nothing is known. */
export const newStanding: Standing = { kind: 'trusted', failures: 0, times: 0, sinceMs: 0 }

interface Now {
  readonly nowMs: number
  readonly settings: QuarantineSettings
}

/** The standing after an observation. */
export function observed(standing: Standing, seen: Observation, now: Now): Standing {
  switch (standing.kind) {
    case 'trusted':
      return observedTrusted(standing, seen, now)
    case 'quarantined': {
      const { untilMs, cause, reason, sinceMs, times } = standing
      if (untilMs === null || now.nowMs < untilMs) return standing
      const probing = { kind: 'probing', cause, reason, sinceMs, times, successes: 0 } as const
      return observed(probing, seen, now)
    }
    case 'probing': {
      const bad = causeOf(seen)
      if (bad !== null) return quarantined(bad, standing.times, now)
      const successes = standing.successes + 1
      if (successes < now.settings.probes) return { ...standing, successes }
      return { kind: 'trusted', failures: 0, times: standing.times, sinceMs: now.nowMs }
    }
    default:
      return assertNever(standing, 'standing')
  }
}

type Trusted = Extract<Standing, { kind: 'trusted' }>

function observedTrusted(standing: Trusted, seen: Observation, now: Now): Standing {
  const { nowMs, settings } = now
  const bad = causeOf(seen)
  // Who has been well for as long as a quarantine may last begins with the shortest again.
  const isForgiven = nowMs - standing.sinceMs >= settings.quarantineMsMax
  const times = isForgiven ? 0 : standing.times
  if (bad === null) return { ...standing, failures: 0, times }
  if (bad.cause === 'anomaly') return quarantined(bad, times, now)
  const failures = standing.failures + 1
  if (failures < settings.failuresMax) return { ...standing, failures, times }
  return quarantined(bad, times, now)
}

/** An anomaly says more than a failed check: it is why the agent is not to act now. */
function causeOf({ fault, anomaly }: Observation): Pick<Held, 'cause' | 'reason'> | null {
  if (anomaly !== null) return { cause: 'anomaly', reason: anomaly }
  return fault === null ? null : { cause: 'health', reason: fault }
}

function quarantined(
  { cause, reason }: Pick<Held, 'cause' | 'reason'>,
  timesBefore: number,
  { nowMs, settings }: Now,
): Standing {
  const { quarantineMs, quarantineMsMax } = settings
  const lengthMs = Math.min(quarantineMsMax, quarantineMs * 2 ** Math.min(timesBefore, 30))
  const times = timesBefore + 1
  return { kind: 'quarantined', cause, reason, sinceMs: nowMs, untilMs: nowMs + lengthMs, times }
}
