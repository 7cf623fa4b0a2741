import { invariant } from '../core/assert.ts'
import { decodeRow, type ExecutionState, fold, newExecution, type Plan } from '../workflow/index.ts'
import type { ExecutionRow, JournalRow } from './journal/journal.ts'
import type { LogEntry } from './workflow-engine.ts'

/**
 * The state of an execution as its journal tells it.
 *
 * @param seqMax the last event that is taken in; default all
 */
export function foldRows(
  row: Pick<ExecutionRow, 'executionId'>,
  plan: Plan,
  rows: readonly JournalRow[],
  seqMax = Infinity,
): ExecutionState {
  const state = newExecution(row.executionId, plan, {})
  for (const { payload, seq } of rows) {
    invariant(seq === state.seq + 1, `execution '${row.executionId}' has a gap before event ${seq}`)
    const { atMs, events } = decodeRow(payload)
    for (const event of events) if (state.seq < seqMax) fold(state, event, atMs)
    if (state.seq >= seqMax) break
  }
  return state
}

/** The state of an execution as its events tell it, up to the event `seqMax`; default all of them. */
export function foldEntries(
  executionId: string,
  plan: Plan,
  {
    entries,
    seqMax = Infinity,
  }: { readonly entries: readonly LogEntry[]; readonly seqMax?: number },
): ExecutionState {
  const state = newExecution(executionId, plan, {})
  for (const { seq, atMs, event } of entries) if (seq <= seqMax) fold(state, event, atMs)
  return state
}

/**
 * Takes the rows after a snapshot into the state that it gave.
 *
 * @param rows the first may begin before the state's position
 */
export function foldFurther(state: ExecutionState, rows: readonly JournalRow[]): void {
  for (const { payload, seq } of rows) {
    const { atMs, events } = decodeRow(payload)
    const known = state.seq - seq + 1
    invariant(known >= 0, `execution '${state.executionId}' has a gap before event ${seq}`)
    for (const event of events.slice(known)) fold(state, event, atMs)
  }
}

/** The events of an execution, one by one. */
export function logEntries(executionId: string, rows: readonly JournalRow[]): readonly LogEntry[] {
  return rows.flatMap(({ payload, seq }) => {
    const { atMs, events } = decodeRow(payload)
    return events.map((event, place): LogEntry => ({ executionId, seq: seq + place, atMs, event }))
  })
}

export function bytesOf(rows: readonly JournalRow[]): number {
  return rows.reduce((sum, { payload }) => sum + payload.length, 0)
}
