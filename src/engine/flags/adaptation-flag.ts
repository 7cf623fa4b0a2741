import type { FlagProvider } from '../../core/contracts/flags.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { DecidedFlags } from '../verbs/adapting.ts'
import { decideFlags } from './flag-rules.ts'

/** While it is off nothing is adapted. */
const adaptationFlag = 'workflow-adaptation'

/**
 * What the provider says of adapting an execution; null where there is no provider.
 *
 * @throws FeatureDisabledError while the flag `workflow-adaptation` is off
 */
export function adaptationFlags(
  flags: FlagProvider | null,
  context: { readonly executionId: string; readonly workflow: string },
): DecidedFlags {
  if (flags === null) return null
  const decided = decideFlags(flags, [adaptationFlag], context)
  if (decided[adaptationFlag] === true) return decided
  throw new OrchestrationError(
    'FeatureDisabledError',
    `execution '${context.executionId}' is not adapted: flag '${adaptationFlag}' is off`,
    { hint: 'turn the flag on', details: { flags: [adaptationFlag] } },
  )
}
