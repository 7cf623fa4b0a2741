import type { NestedCall } from '../core/contracts/nested-call.ts'
import { OrchestrationError } from '../core/errors.ts'

/** A call of another agent as an action asks for it. */
export interface InnerCall extends Pick<NestedCall, 'agent' | 'action' | 'input' | 'timeoutMs'> {
  /** Which one it is, from 1; null: the next. */
  readonly number: number | null
}

/** @param isOver the outer call has ended; else nobody is there to make it */
export function mayNotCall(fullName: string, isOver: boolean): OrchestrationError {
  const why = isOver
    ? 'has ended and calls nobody any more'
    : 'runs without an engine to call others'
  return new OrchestrationError('RefusedError', `${fullName} ${why}`)
}
