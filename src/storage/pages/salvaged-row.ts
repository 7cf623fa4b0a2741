import { blobHash } from '../blob-text.ts'
import { executionChecksum, journalChecksum, stateChecksum } from '../checksum.ts'
import { type KeptRow, keptRow, type LostKeptRow } from './kept-row.ts'
import type { ColumnValue, StoredRow } from './table-cells.ts'

type Payload = string | Uint8Array

/** An execution as its start and its last change of status left it. */
export interface SalvagedExecution {
  readonly kind: 'execution'
  readonly execution: number
  readonly executionId: string
  readonly definition: number
  readonly startHash: Payload
  readonly startedAtMs: number
  readonly parent: number | null
  /** The stored code; null when status and end are not what was recorded. */
  readonly status: number | null
  /** As stored: below 0 while open. */
  readonly endedAtMs: number
  /** Where it was found: only the tree of the table tells a tombstone from an execution. */
  readonly isTombstone: boolean
}

/**
 * A row that is what was recorded: its checksum says so, or it was written before there were any.
 * `document`, `definition` and `workflow` are still to be checked with the document's hash. Snapshots
 * and dead letters are not among them: both come out of the journal.
 */
export type SalvagedRow =
  | SalvagedExecution
  | KeptRow
  | LostKeptRow
  | {
      readonly kind: 'journal'
      readonly position: number
      readonly execution: number
      readonly seq: number
      readonly count: number
      readonly codec: number
      readonly payload: Payload
    }
  | {
      readonly kind: 'document'
      readonly number: number
      readonly hash: string
      readonly codec: number
      readonly payload: Payload
    }
  | {
      readonly kind: 'definition'
      readonly number: number
      readonly document: number
      readonly workflow: string
      readonly version: string
      readonly codec: number
      readonly metadata: Payload
      /** Null before version 2. */
      readonly checksum: number | null
    }
  | {
      readonly kind: 'blob'
      readonly hash: string
      readonly codec: number
      readonly payload: Payload
    }
  | {
      readonly kind: 'workflow'
      readonly name: string
      readonly version: string
      readonly document: number
      readonly registeredAtMs: number
      readonly checksum: number | null
    }
  /** Says that there was a journal row: an index does, or the row itself, which is damaged. */
  | {
      readonly kind: 'journalKey'
      readonly position: number
      readonly execution: number
      readonly seq: number
      readonly isIndex: boolean
    }
  /** Says that there was an execution. */
  | { readonly kind: 'executionKey'; readonly execution: number; readonly executionId: string }

/** What a stored row is; null for anything else, and for what is not as it was recorded. */
export function salvagedRow(row: StoredRow, table: string | undefined): SalvagedRow | null {
  const kept = keptRow(row, table)
  if (kept !== null) return kept
  const { rowid, values } = row
  if (rowid === null) return indexRow(values, table)
  // The namespace comes first, after the row number, and is always 0.
  if (values[0] !== null || values[1] !== 0) return null
  switch (values.length) {
    case 5:
      return documentRow(rowid, values) ?? blobRow(values)
    case 6:
      return documentRow(rowid, values)
    case 7:
      return journalRow(rowid, values) ?? definitionRow(rowid, values)
    case 8:
      return (
        journalRow(rowid, values) ??
        damagedJournalRow(rowid, { values, table }) ??
        executionRow(rowid, { values, table }) ??
        definitionRow(rowid, values)
      )
    case 11:
      return executionRow(rowid, { values, table })
    default:
      return null
  }
}

function journalRow(position: number, values: readonly ColumnValue[]): SalvagedRow | null {
  const [, , execution, seq, count, codec, payload, checksum] = values
  if (!isCount(execution) || !isCount(seq) || !isCount(count) || !isCount(codec)) return null
  if (!isPayload(payload)) return null
  const row = { execution, seq, count, codec, payload }
  // A row of seven columns, or with none for a checksum, is older than checksums.
  if (checksum != null && checksum !== journalChecksum(row)) return null
  return { kind: 'journal', position, ...row }
}

function damagedJournalRow(
  position: number,
  {
    values,
    table,
  }: { readonly values: readonly ColumnValue[]; readonly table: string | undefined },
): SalvagedRow | null {
  const [, , execution, seq] = values
  if (table !== 'journal' || !isCount(execution) || !isCount(seq)) return null
  return { kind: 'journalKey', position, execution, seq, isIndex: false }
}

function executionRow(
  execution: number,
  {
    values,
    table,
  }: { readonly values: readonly ColumnValue[]; readonly table: string | undefined },
): SalvagedRow | null {
  const [, , executionId, definition, startHash, status, startedAtMs, endedAtMs] = values
  const [parent = null, checksum = null, stateSum = null] = values.slice(8)
  if (typeof executionId !== 'string' || !isCount(definition) || !isPayload(startHash)) return null
  if (!isCount(status) || !isInteger(startedAtMs) || !isInteger(endedAtMs)) return null
  if (parent !== null && !isCount(parent)) return null
  const row = { execution, executionId, definition, startHash, startedAtMs, parent }
  if (checksum !== null && checksum !== executionChecksum(row)) return null
  const endMs = endedAtMs < 0 ? null : endedAtMs
  const isStateSound = stateSum === null || stateSum === stateChecksum(execution, status, endMs)
  return {
    kind: 'execution',
    ...row,
    status: isStateSound ? status : null,
    endedAtMs,
    isTombstone: table === 'tombstones',
  }
}

function documentRow(number: number, values: readonly ColumnValue[]): SalvagedRow | null {
  const [, , hash, codec, payload] = values
  if (typeof hash !== 'string' || !isCount(codec) || !isPayload(payload)) return null
  return { kind: 'document', number, hash, codec, payload }
}

function definitionRow(number: number, values: readonly ColumnValue[]): SalvagedRow | null {
  const [, , document, workflow, version, codec, metadata, checksum = null] = values
  if (!isCount(document) || typeof workflow !== 'string' || typeof version !== 'string') return null
  if (!isCount(codec) || !isPayload(metadata)) return null
  if (checksum !== null && !isInteger(checksum)) return null
  return { kind: 'definition', number, document, workflow, version, codec, metadata, checksum }
}

function blobRow(values: readonly ColumnValue[]): SalvagedRow | null {
  const [, , hash, codec, payload] = values
  if (!(hash instanceof Uint8Array) || !isCount(codec) || !isPayload(payload)) return null
  const name = Buffer.from(hash).toString('hex')
  if (typeof payload === 'string' && blobHash(payload) !== name) return null
  return { kind: 'blob', hash: name, codec, payload }
}

function indexRow(values: readonly ColumnValue[], table: string | undefined): SalvagedRow | null {
  if (values[0] !== 0) return null
  if (values.length === 6) return workflowRow(values)
  if (values.length === 4 && (table === undefined || table === 'journal_by_execution')) {
    const [, execution, seq, position] = values
    if (!isCount(execution) || !isCount(seq) || !isCount(position)) return null
    return { kind: 'journalKey', position, execution, seq, isIndex: true }
  }
  if (values.length === 3 && table === 'sqlite_autoindex_executions_1') {
    const [, executionId, execution] = values
    if (typeof executionId !== 'string' || !isCount(execution)) return null
    return { kind: 'executionKey', executionId, execution }
  }
  return null
}

function workflowRow(values: readonly ColumnValue[]): SalvagedRow | null {
  const [, name, version, document, registeredAtMs, checksum] = values
  if (typeof name !== 'string' || typeof version !== 'string' || !isCount(document)) return null
  if (!isInteger(registeredAtMs) || (checksum !== null && !isInteger(checksum))) return null
  return { kind: 'workflow', name, version, document, registeredAtMs, checksum }
}

function isInteger(value: ColumnValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value)
}

function isCount(value: ColumnValue | undefined): value is number {
  return isInteger(value) && value >= 0
}

function isPayload(value: ColumnValue | undefined): value is Payload {
  return typeof value === 'string' || value instanceof Uint8Array
}
