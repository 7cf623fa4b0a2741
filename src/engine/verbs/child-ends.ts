import { type ErrorJson, OrchestrationError } from '../../core/errors.ts'
import { noUsage } from '../../core/usage.ts'
import type { ChildEnd, ExecutionState } from '../../workflow/index.ts'

const neverSpent = { agentCalls: 0, usage: noUsage } as const
/** Of an execution that was to be undone and never was. */
export const neverStarted: ChildEnd = {
  status: 'cancelled',
  output: null,
  error: null,
  ...neverSpent,
}

/** What a parent is told of an execution that has ended. */
export function endOf(state: ExecutionState): ChildEnd {
  const { result, output, agentCalls, spent } = state
  // A failed one can be redriven, so trying again can help.
  const error = state.error === null ? null : { ...state.error, retryable: true }
  return { status: result ?? 'failed', output, error, agentCalls, usage: spent }
}

/** The refusal of a sub-workflow whose id somebody else has. */
export function idTaken(executionId: string): OrchestrationError {
  return new OrchestrationError(
    'RefusedError',
    `the id '${executionId}' of the sub-workflow belongs to another execution`,
    { hint: 'start the parent under another id' },
  )
}

/** How one that cannot be started ends for its parent: it will be the same however often it is tried. */
export function refusedStart(error: ErrorJson): ChildEnd {
  return { status: 'failed', output: null, error: { ...error, retryable: false }, ...neverSpent }
}
