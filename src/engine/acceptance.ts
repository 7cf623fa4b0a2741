import type { FlagProvider } from '../core/contracts/flags.ts'
import { OrchestrationError, ResourceExhaustionError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { ExecutionRow } from './journal/journal.ts'

/**
 * @throws FeatureDisabledError when one of the document's flags is off
 */
export function checkFlags(
  flags: FlagProvider | null,
  wanted: readonly string[],
  context: { readonly executionId: string; readonly workflow: string },
): void {
  if (flags === null) return
  const off = wanted.filter((flag) => !flags.isOn(flag, context))
  if (off.length === 0) return
  throw new OrchestrationError(
    'FeatureDisabledError',
    `workflow '${context.workflow}' is not started: flag '${off.join("', '")}' is off`,
    { hint: 'turn the flag on, or take it out of featureFlags', details: { flags: off } },
  )
}

/**
 * @param stalled why nothing can be recorded at present
 * @throws ResourceExhaustionError when nothing more may be accepted; nothing was started then
 */
export function checkAdmission(openCount: number, stalled: OrchestrationError | null): void {
  if (stalled !== null) {
    throw new ResourceExhaustionError(
      `nothing is accepted while nothing can be recorded: ${stalled.message}`,
      {
        retryable: true,
        cause: stalled,
        ...(stalled.hint === null ? {} : { hint: stalled.hint }),
      },
    )
  }
  if (openCount < limits.openExecutionsMax) return
  throw new ResourceExhaustionError(
    `${openCount} executions are open; openExecutionsMax is ${limits.openExecutionsMax}`,
    {
      retryable: true,
      hint: 'try again when some have ended',
    },
  )
}

/**
 * @throws UsageError when the id belongs to another document or input
 */
export function checkSameStart(known: ExecutionRow, startHash: string): void {
  if (known.startHash === startHash) return
  throw new OrchestrationError(
    'UsageError',
    `execution '${known.executionId}' exists with another document or input (${known.workflow}@${known.version})`,
    { hint: 'use another id, or the document and input it was started with' },
  )
}
