import type { ErrorJson } from '../core/errors.ts'
import type { Verdict } from './circuit-breaker.ts'
import type { CallOutcome } from './contract.ts'

/**
 * What an outcome says of the health of its agent. An agent that refuses for good has answered; one that
 * answers in another shape than it promised has not. Whoever is asked to come back later is not ill, and
 * what was aborted from outside says nothing.
 */
export function verdictOf(outcome: CallOutcome): Verdict {
  if (outcome.kind === 'completed' || outcome.kind === 'suspended') return 'success'
  const { error } = outcome
  if (saysNothing(error)) return 'none'
  if (outcome.kind === 'unknown' || error.code === 'AgentOutputError') return 'failure'
  return error.retryable ? 'failure' : 'success'
}

function saysNothing({ code, details }: ErrorJson): boolean {
  return (
    code === 'WorkflowCancelledError' ||
    code === 'AgentInputError' ||
    typeof details?.['retryAfterMs'] === 'number'
  )
}
