import type { KernelEvent } from '../../workflow/index.ts'

/** One row of the journal, read. */
export interface DecodedRow {
  readonly seq: number
  readonly count: number
  readonly atMs: number
  readonly events: readonly KernelEvent[]
}

/** What happens to a call between its start and its end. */
export type During = KernelEvent & {
  kind:
    | 'RetryScheduled'
    | 'CallRefused'
    | 'PollCompleted'
    | 'FallbackScheduled'
    | 'AttemptLost'
    | 'CallSuspended'
    | 'CallUncertain'
    | 'CallResolved'
    | 'SignalDelivered'
}

/** What makes an execution go on from elsewhere than where it was. */
export type Reopening = KernelEvent & {
  kind:
    | 'RollbackRequested'
    | 'RolledBack'
    | 'ExecutionForked'
    | 'ExecutionRedriven'
    | 'UndoRequested'
    | 'CompensationRedriven'
}

/** What may follow the end of an execution. */
export const reopening: ReadonlySet<KernelEvent['kind']> = new Set([
  'RollbackRequested',
  'ExecutionRedriven',
  'UndoRequested',
  'CompensationRedriven',
  'DeadLetterDiscarded',
])
