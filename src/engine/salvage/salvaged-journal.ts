import { invariant } from '../../core/assert.ts'
import { messageOf } from '../../core/errors.ts'
import {
  blobCodec,
  decodePayload,
  joinBlobs,
  type SalvagedJournalRow,
  type SalvageStore,
} from '../../storage/index.ts'
import {
  decodeRow,
  type ExecutionState,
  fold,
  newExecution,
  type Plan,
} from '../../workflow/index.ts'
import type { JournalRow } from '../journal/journal.ts'

/** What is left of an execution's journal from its first event on, without a gap. */
export interface JournalPrefix {
  readonly rows: readonly JournalRow[]
  /** Sequence number of the last event; 0 when nothing is left. */
  readonly seq: number
  /** Why it ends there; null when nothing shows that there was more. */
  readonly reason: string | null
}

/** The rows up to the first that is missing or cannot be read. */
export function readPrefix(store: SalvageStore, execution: number): JournalPrefix {
  const rows: JournalRow[] = []
  let seq = 0
  for (const stored of store.rows(execution)) {
    // Of two rows with one number the newer came first.
    if (stored.seq <= seq) continue
    if (stored.seq !== seq + 1) return { rows, seq, reason: `event ${seq + 1} is missing` }
    const text = textOf(store, stored)
    if (text === null) return { rows, seq, reason: `a value of event ${stored.seq} is missing` }
    rows.push({ execution, seq: stored.seq, count: stored.count, payload: text })
    seq += stored.count
  }
  const isLonger = store.lastLostSeq(execution) > seq
  return { rows, seq, reason: isLonger ? `event ${seq + 1} is missing` : null }
}

/** An execution as far as its journal can be folded. */
export interface FoldedPrefix extends JournalPrefix {
  readonly state: ExecutionState
}

/** Leaves out what does not fold: a row that belongs to another execution, or that no kernel wrote. */
export function foldPrefix(executionId: string, plan: Plan, prefix: JournalPrefix): FoldedPrefix {
  const { rows } = prefix
  let sound = rows
  for (;;) {
    const state = newExecution(executionId, plan, {})
    const failure = foldAll(state, sound)
    if (failure === null) {
      const reason =
        sound.length === rows.length ? prefix.reason : `event ${state.seq + 1} is not as recorded`
      return { state, rows: sound, seq: state.seq, reason }
    }
    // The state is half changed; what comes before the row is folded anew.
    sound = rows.slice(0, failure.row)
  }
}

function foldAll(
  state: ExecutionState,
  rows: readonly JournalRow[],
): { readonly row: number; readonly message: string } | null {
  for (const [row, { payload, seq, count }] of rows.entries()) {
    try {
      const { atMs, events } = decodeRow(payload)
      invariant(
        events.length === count,
        `row ${seq} has ${events.length} events instead of ${count}`,
      )
      for (const event of events) {
        const isStart = event.kind === 'ExecutionStarted'
        invariant(isStart === (state.seq === 0), 'the first event, and no other, is the start')
        invariant(!isStart || event.executionId === state.executionId, 'another execution started')
        fold(state, event, atMs)
      }
    } catch (thrown) {
      return { row, message: messageOf(thrown) }
    }
  }
  return null
}

function textOf(store: SalvageStore, stored: SalvagedJournalRow): string | null {
  const { codec, payload } = stored
  try {
    if (codec !== blobCodec || typeof payload !== 'string') return decodePayload(codec, payload)
    return joinBlobs(payload, (hash) => {
      const value = store.blob(hash)
      invariant(value !== undefined, `the value ${hash} is lost`)
      return value
    })
  } catch {
    return null // which part of it cannot be read makes no difference
  }
}
