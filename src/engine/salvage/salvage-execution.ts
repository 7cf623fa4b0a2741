import type { JsonObject } from '../../core/json.ts'
import { decodeRow, encodeRow, executionStatus, fold } from '../../workflow/index.ts'
import type { SalvagedExecution, SalvageStore } from '../../storage/index.ts'
import { type Definition } from '../definitions.ts'
import type { DeadLetterChange, ExecutionRow, JournalRow } from '../journal/journal.ts'
import { unpackHash } from '../journal/packed-hash.ts'
import { hasStatusCode, statusOfCode } from '../journal/status-code.ts'
import type { DocumentShelf } from './document-shelf.ts'
import { type FoldedPrefix, foldPrefix, readPrefix } from './salvaged-journal.ts'

/** What recovery could not give back of one execution. */
export interface LostPart {
  readonly executionId: string
  /** The last event that was saved; null when nothing of the execution was. */
  readonly seq: number | null
  readonly reason: string
}

/** An execution to be written into the new file. */
export interface SalvagedWork {
  readonly start: ExecutionRow
  readonly rows: readonly JournalRow[]
  readonly deadLetters: readonly DeadLetterChange[]
  /** Why it is not whole; null when it is. */
  readonly lost: LostPart | null
}

export interface SalvageContext {
  readonly store: SalvageStore
  readonly shelf: DocumentShelf
  readonly nowMs: number
  /** Rows are gone of which nobody knows to which execution they belonged. */
  readonly isTailUnknown: boolean
  /** Executions that are in the new file by number. */
  readonly saved: Set<number>
}

/**
 * Saves an execution as far as its journal reaches. One that is open and may have gone further is
 * paused: what it did after its last saved event would otherwise be done again without being asked for.
 * Where pause means nothing, it is not saved.
 *
 * @returns the work, or why nothing can be saved
 */
export function salvageExecution(
  row: SalvagedExecution,
  context: SalvageContext,
): SalvagedWork | LostPart {
  const { store, shelf } = context
  const { execution, executionId } = row
  const nothing = (reason: string): LostPart => ({ executionId, seq: null, reason })
  const prefix = readPrefix(store, execution)
  if (prefix.seq === 0) return nothing('its journal is damaged from its first event on')
  const startHash = unpackHash(row.startHash)
  const definition =
    shelf.definition(row.definition) ?? definitionOfStart(shelf, startHash, prefix.rows)
  if (definition === null) return nothing('its document is damaged')
  const folded = foldPrefix(executionId, definition.plan, prefix)
  if (folded.seq === 0) return nothing('its journal does not fit its document')
  const isOrphan = row.parent !== null && !context.saved.has(row.parent)
  const { state } = folded
  const rows = [...folded.rows]
  const reason = isOrphan ? 'its parent is lost' : reasonOf(row, folded, context.isTailUnknown)
  if (reason !== null && state.phase !== 'ended' && !state.paused) {
    const event = { kind: 'ExecutionPaused' } as const
    const payload = encodeRow(context.nowMs, [event])
    rows.push({ execution, seq: state.seq + 1, count: 1, payload })
    fold(state, event, context.nowMs)
    // Pause holds nothing of an execution that was being cancelled, timed out or taken back.
    if (executionStatus(state) !== 'paused') {
      return {
        executionId,
        seq: null,
        reason: `${reason}; it was being ended, and nothing could hold it`,
      }
    }
  }
  return {
    start: startRow(row, { definition, folded, isOrphan, startHash }),
    rows,
    deadLetters: [...state.deadLetters.values()].map(
      ({ id, stepId, error, atMs }): DeadLetterChange => ({
        kind: 'open',
        id,
        execution,
        stepId,
        error,
        atMs,
      }),
    ),
    lost: reason === null ? null : { executionId, seq: folded.seq, reason },
  }
}

/** Why it is not whole, or not known to be; null when it is. */
function reasonOf(
  row: SalvagedExecution,
  { state, reason, seq }: FoldedPrefix,
  isTailUnknown: boolean,
): string | null {
  if (reason !== null) return `truncated: ${reason}`
  const isOpen = state.phase !== 'ended'
  // The row of executions knows whether there was an end, also when the events of it are gone.
  const wasEnded = row.status !== null && row.endedAtMs >= 0
  if (isOpen && wasEnded) return `truncated: event ${seq + 1} is missing`
  // One that has failed may have been redriven or rolled back.
  return isTailUnknown && (isOpen || state.result === 'failed')
    ? 'it may have gone further: rows of unknown executions are missing'
    : null
}

function startRow(
  row: SalvagedExecution,
  of: {
    readonly definition: Definition
    readonly folded: FoldedPrefix
    readonly isOrphan: boolean
    readonly startHash: string
  },
): ExecutionRow {
  const { document, hash } = of.definition
  const { state } = of.folded
  const folded = executionStatus(state)
  // The row knows what the events do not say: that an execution waits for a missing agent.
  const isOpen = state.phase !== 'ended' && !state.paused && row.endedAtMs < 0
  const stored =
    row.status !== null && hasStatusCode(row.status) ? statusOfCode(row.status) : folded
  return {
    execution: row.execution,
    executionId: row.executionId,
    workflow: document.name,
    version: document.version,
    documentHash: hash,
    startHash: of.startHash,
    status: isOpen ? stored : folded,
    metadata: document.metadata,
    startedAtMs: row.startedAtMs,
    endedAtMs: state.phase === 'ended' ? state.endedAtMs : null,
    parent: of.isOrphan ? null : row.parent,
    isPruned: false,
  }
}

/** Where the row that names the document is lost, the hash of the start still tells which one it was. */
function definitionOfStart(
  shelf: DocumentShelf,
  startHash: string,
  rows: readonly JournalRow[],
): Definition | null {
  const input = startInput(rows)
  return input === null ? null : shelf.startedBy(startHash, input)
}

function startInput(rows: readonly JournalRow[]): JsonObject | null {
  try {
    const start = decodeRow(rows[0]?.payload ?? '').events[0]
    return start?.kind === 'ExecutionStarted' ? start.input : null
  } catch {
    return null // then its journal cannot be folded either
  }
}
