import type { FlagProvider } from '../core/contracts/flags.ts'
import { OrchestrationError, ResourceExhaustionError } from '../core/errors.ts'
import { decideFlags } from './flags/flag-rules.ts'
import type { ExecutionRow } from './journal/journal.ts'

/**
 * @returns what the provider decided, to be recorded; null when none was asked
 * @throws FeatureDisabledError when one of the document's flags is off
 */
export function checkFlags(
  flags: FlagProvider | null,
  wanted: readonly string[],
  context: { readonly executionId: string; readonly workflow: string },
): Readonly<Record<string, boolean>> | null {
  if (flags === null || wanted.length === 0) return null
  const decided = decideFlags(flags, wanted, context)
  const off = wanted.filter((flag) => decided[flag] === false)
  if (off.length === 0) return decided
  throw new OrchestrationError(
    'FeatureDisabledError',
    `workflow '${context.workflow}' is not started: flag '${off.join("', '")}' is off`,
    { hint: 'turn the flag on, or take it out of featureFlags', details: { flags: off } },
  )
}

/** How full the engine is. */
export interface Load {
  /** Roots in memory. */
  readonly active: number
  /** All that have not ended. */
  readonly open: number
  /** Why nothing can be recorded at present; null when all is well. */
  readonly stalled: OrchestrationError | null
  /** Why the process is to take nothing more on; null when all is well. */
  readonly pressure: string | null
}

/** How many executions an engine takes on. */
export interface AdmissionLimits {
  readonly activeExecutionsMax: number
  readonly openExecutionsMax: number
}

/**
 * @throws ResourceExhaustionError when nothing more may be accepted; nothing was started then
 */
export function checkAdmission(load: Load, limits: AdmissionLimits): void {
  const { active, open, stalled, pressure } = load
  if (stalled !== null) throw nothingIsRecorded(stalled)
  if (pressure !== null) refuse(pressure, 'start less at once, or give the process more memory')
  const { activeExecutionsMax, openExecutionsMax } = limits
  if (active >= activeExecutionsMax) {
    refuse(
      `${active} executions are active; activeExecutionsMax is ${activeExecutionsMax}`,
      'try again when some have ended; those that sleep do not count',
    )
  }
  if (open >= openExecutionsMax) {
    refuse(
      `${open} executions are open; openExecutionsMax is ${openExecutionsMax}`,
      'try again when some have ended',
    )
  }
}

/** The refusal of whatever would have to be recorded while nothing can be. */
export function nothingIsRecorded(stalled: OrchestrationError): ResourceExhaustionError {
  return new ResourceExhaustionError(
    `nothing is accepted while nothing can be recorded: ${stalled.message}`,
    {
      retryable: true,
      cause: stalled,
      ...(stalled.hint === null ? {} : { hint: stalled.hint }),
    },
  )
}

function refuse(message: string, hint: string): never {
  throw new ResourceExhaustionError(message, { retryable: true, hint })
}

/**
 * @throws UsageError when the id belongs to another document or input
 */
export function checkSameStart(
  known: Pick<ExecutionRow, 'executionId' | 'workflow' | 'version' | 'startHash'>,
  startHash: string,
): void {
  if (known.startHash === startHash) return
  throw new OrchestrationError(
    'UsageError',
    `execution '${known.executionId}' exists with another document or input (${known.workflow}@${known.version})`,
    { hint: 'use another id, or the document and input it was started with' },
  )
}
