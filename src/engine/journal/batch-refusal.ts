import { OrchestrationError, StateConsistencyError } from '../../core/errors.ts'
import { recoverHint } from './damage.ts'
import type { ExecutionRow, JournalRow } from './journal.ts'

/** The refusal of a start whose id or number is in use. */
export function startTaken(start: ExecutionRow): StateConsistencyError {
  return new StateConsistencyError(`execution '${start.executionId}' has already been started`, {
    details: { executionId: start.executionId, execution: start.execution },
  })
}

/** The refusal of a row whose place in its execution is in use. */
export function sequenceTaken(row: JournalRow): StateConsistencyError {
  return new StateConsistencyError(
    `event ${row.seq} of execution number ${row.execution} has already been recorded`,
    { details: { execution: row.execution, seq: row.seq } },
  )
}

/** The discovery that events are missing from an execution, or recorded twice. */
export function brokenSequence(row: JournalRow, expectedSeq: number): StateConsistencyError {
  return new StateConsistencyError(
    `the journal of execution number ${row.execution} goes on with event ${row.seq} instead of ${expectedSeq}`,
    {
      hint: recoverHint,
      details: { execution: row.execution, seq: row.seq, expectedSeq },
    },
  )
}

/** The refusal of what names an execution that has not started, or is pruned. */
export function unknownExecution(what: string, execution: number): OrchestrationError {
  return new OrchestrationError(
    'InternalError',
    `${what} for the unknown execution number ${execution}`,
  )
}

/** The refusal of a call to a journal that is closed. */
export function journalClosed(): OrchestrationError {
  return new OrchestrationError('InternalError', 'the journal is closed')
}
