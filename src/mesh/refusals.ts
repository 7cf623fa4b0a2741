import {
  AgentCommunicationError,
  OrchestrationError,
  ResourceExhaustionError,
} from '../core/errors.ts'
import { limits } from '../core/limits.ts'

/** The refusal of an event where too many wait already. */
export function refusedWhenFull(
  type: string,
  whose: string,
  limit: { readonly name: string; readonly max: number; readonly hint: string },
): ResourceExhaustionError {
  return new ResourceExhaustionError(
    `event '${type}' is refused: ${limit.max} events wait for ${whose} (${limit.name})`,
    {
      retryable: true,
      hint: limit.hint,
      details: { limit: limit.name, max: limit.max },
    },
  )
}

/** What becomes of an event whose last handler was stopped. */
export const unhandled = new AgentCommunicationError(
  'the last handler was stopped before it began this event',
)

/** The members of a group share one pattern. */
export function otherPattern(group: string | null, pattern: string): OrchestrationError {
  return new OrchestrationError(
    'InputError',
    `group '${group}' is subscribed to '${pattern}', not to another pattern`,
    { hint: 'the members of a group share one pattern: use another group' },
  )
}

/** @throws InputError for a timeout of a request that is out of bounds */
export function checkTimeout(timeoutMs: number): void {
  if (timeoutMs > 0 && timeoutMs <= limits.meshDeadlineMsMax) return
  throw new OrchestrationError(
    'InputError',
    `timeoutMs of a request is above 0 and at most ${limits.meshDeadlineMsMax} (meshDeadlineMsMax), not ${timeoutMs}`,
  )
}

/** @throws InputError for a delay of a message that is out of bounds */
export function checkDelay(delayMs: number): void {
  if (delayMs >= 0 && delayMs <= limits.meshDeadlineMsMax) return
  throw new OrchestrationError(
    'InputError',
    `delayMs is from 0 to ${limits.meshDeadlineMsMax} (meshDeadlineMsMax), not ${delayMs}`,
  )
}

/** What is asked of a mesh that is closed. */
export function meshClosed(): OrchestrationError {
  return new OrchestrationError('RefusedError', 'the event mesh is closed')
}
