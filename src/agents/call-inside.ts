import type { JsonValue } from '../core/json.ts'
import type { NestedAnswer, NestedCall } from '../core/contracts/nested-call.ts'
import { fromErrorJson, OrchestrationError } from '../core/errors.ts'

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

/** @throws the error of a call that failed */
export function outputOf(answer: NestedAnswer): JsonValue {
  if (answer.kind === 'failed') throw fromErrorJson(answer.error)
  return answer.output
}
