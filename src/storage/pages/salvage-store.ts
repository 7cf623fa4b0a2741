import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import { createPrivateFile } from '../lock.ts'
import type { KeptValue } from './kept-tables.ts'
import { salvageRows } from './salvage-rows.ts'
import type { SalvagedExecution, SalvagedRow } from './salvaged-row.ts'

type RowOf<K extends SalvagedRow['kind']> = Extract<SalvagedRow, { readonly kind: K }>
export type SalvagedJournalRow = RowOf<'journal'>
export type SalvagedDocument = RowOf<'document'>
export type SalvagedDefinition = RowOf<'definition'>
export type SalvagedWorkflow = RowOf<'workflow'>

/** What is known of one execution number. */
export interface SalvagedNumber {
  readonly execution: number
  /** Null when its row is lost. */
  readonly row: SalvagedExecution | null
  /** From whatever still names it; null when nothing does. */
  readonly executionId: string | null
}

/** How many rows of the journal are gone. */
export interface MissingRows {
  /** Those of which something still says to which execution they belonged. */
  readonly known: number
  /** Those of which nothing does. */
  readonly unknown: number
  /** The newest position that is left, 0 for none. */
  readonly newest: number
}

/** A row that is lost of a table that is salvaged row by row, or a page of such rows. */
export interface LostRow {
  readonly table: string
  /** What it was called. */
  readonly row: string
  readonly reason: string
}

/** Rows loaded between two commits of the scratch file. */
const loadRows = 50_000

/**
 * What was salvaged of a damaged file, ordered by execution. It lies in a scratch file, so that memory
 * stays bounded for a file of any size; `remove` deletes it.
 */
export class SalvageStore {
  readonly #path: string
  readonly #scratch: DatabaseSync
  readonly #rows: StatementSync
  readonly #lastKey: StatementSync
  readonly #blob: StatementSync

  /**
   * @param path the damaged file, which nobody may write meanwhile
   * @throws StorageError when it cannot be read at all, or the scratch file not be written
   */
  constructor(path: string, scratchPath: string) {
    this.#path = scratchPath
    rmSync(scratchPath, { force: true })
    createPrivateFile(scratchPath)
    this.#scratch = new DatabaseSync(scratchPath)
    this.#scratch.exec(tables)
    load(this.#scratch, path)
    this.#rows = this.#scratch.prepare(
      'SELECT * FROM journal WHERE execution = ? ORDER BY seq, position DESC',
    )
    this.#lastKey = this.#scratch.prepare('SELECT max(seq) AS seq FROM lost WHERE execution = ?')
    this.#blob = this.#scratch.prepare('SELECT payload FROM blobs WHERE hash = ?')
  }

  documents(): readonly SalvagedDocument[] {
    return this.#parts('document') as readonly SalvagedDocument[]
  }

  definitions(): readonly SalvagedDefinition[] {
    return this.#parts('definition') as readonly SalvagedDefinition[]
  }

  workflows(): readonly SalvagedWorkflow[] {
    return this.#parts('workflow') as readonly SalvagedWorkflow[]
  }

  /** The intact rows of a table that is salvaged as it is, their values in the order of its columns. */
  *kept(table: string): Generator<readonly KeptValue[]> {
    const found = this.#scratch.prepare(`SELECT row FROM kept k WHERE source = ? AND ${hasParent}`)
    for (const { row } of found.iterate(table)) yield decoded(String(row)) as readonly KeptValue[]
  }

  /** What is lost of the tables that are salvaged as they are. */
  *lostRows(): Generator<LostRow> {
    const found = this.#scratch.prepare(`
      SELECT l.source, coalesce(thread.name, 'thread ' || l.parent) AS thread, l.name, l.reason
      FROM (SELECT source, key, name, parent, reason FROM lost_kept l
          WHERE NOT EXISTS (SELECT 1 FROM kept k WHERE k.source = l.source AND k.key = l.key)
        UNION ALL SELECT source, key, name, parent, 'its thread is lost' FROM kept k
          WHERE NOT (${hasParent})) l
      LEFT JOIN kept thread ON thread.source = 'graph_threads' AND thread.key = CAST(l.parent AS TEXT)
      ORDER BY l.source, thread, l.name`)
    for (const { source, thread, name, reason } of found.iterate()) {
      const row = thread === null ? String(name) : `${String(thread)}: ${String(name)}`
      yield { table: String(source), row, reason: String(reason) }
    }
  }

  /** Every execution and tombstone of which anything is left, in order of numbers. */
  *numbers(): Generator<SalvagedNumber> {
    const found = this.#scratch.prepare(`
      SELECT number.execution, e.row, n.execution_id AS executionId
      FROM (SELECT execution FROM executions UNION SELECT execution FROM journal
        UNION SELECT execution FROM lost WHERE is_listed UNION SELECT execution FROM names) number
      LEFT JOIN executions e ON e.execution = number.execution
      LEFT JOIN names n ON n.execution = number.execution
      ORDER BY number.execution`)
    for (const { execution, row, executionId } of found.iterate()) {
      const stored = row === null ? null : (decoded(String(row)) as SalvagedExecution)
      const name = stored?.executionId ?? (executionId === null ? null : String(executionId))
      yield { execution: Number(execution), row: stored, executionId: name }
    }
  }

  /** The rows of one execution in order of sequence; of two with the same number the newer comes first. */
  rows(execution: number): readonly SalvagedJournalRow[] {
    return this.#rows.all(execution) as unknown as readonly SalvagedJournalRow[]
  }

  /** Sequence number of the last row of which it is known that it is lost; 0 for none. */
  lastLostSeq(execution: number): number {
    return Number(this.#lastKey.get(execution)?.['seq'] ?? 0)
  }

  /** The text of a value by its hash; undefined when it is lost. */
  blob(hash: string): string | undefined {
    return this.#blob.get(hash)?.['payload'] as string | undefined
  }

  /**
   * Compares what is left with what was committed. Positions are consecutive until retention removes
   * rows; after that only those past the newest are known to be missing.
   *
   * @param committed the newest position that was ever committed; 0 when unknown
   */
  missing(committed: number): MissingRows {
    const one = (sql: string): number =>
      Number(this.#scratch.prepare(`SELECT (${sql}) AS n`).get()?.['n'] ?? 0)
    const known = one('SELECT count(DISTINCT position) FROM lost')
    const newest = one('SELECT max(position) FROM journal')
    const last = Math.max(committed, newest, one('SELECT max(position) FROM lost WHERE is_listed'))
    const isPruned = one('SELECT count(*) FROM executions WHERE is_tombstone') > 0
    const left = one('SELECT count(*) FROM journal')
    const lostAfter = one(`SELECT count(DISTINCT position) FROM lost WHERE position > ${newest}`)
    const unknown = isPruned ? last - newest - lostAfter : last - left - known
    return { known, unknown: Math.max(0, unknown), newest }
  }

  remove(): void {
    this.#scratch.close()
    rmSync(this.#path, { force: true })
  }

  #parts(kind: SalvagedRow['kind']): readonly unknown[] {
    const found = this.#scratch.prepare('SELECT row FROM parts WHERE kind = ? ORDER BY part')
    return found.all(kind).map(({ row }) => decoded(String(row)))
  }
}

const tables = `
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  PRAGMA cache_size = -65536;
  CREATE TABLE journal (kind TEXT, position INTEGER PRIMARY KEY, execution INTEGER, seq INTEGER,
    count INTEGER, codec INTEGER, payload ANY);
  CREATE TABLE lost (position INTEGER, execution INTEGER, seq INTEGER, is_listed INTEGER);
  CREATE TABLE names (execution INTEGER PRIMARY KEY, execution_id TEXT);
  CREATE TABLE executions (execution INTEGER PRIMARY KEY, is_tombstone INTEGER, row TEXT);
  CREATE TABLE blobs (hash TEXT PRIMARY KEY, payload ANY) WITHOUT ROWID;
  CREATE TABLE parts (part INTEGER PRIMARY KEY, kind TEXT, row TEXT);
  CREATE TABLE kept (source TEXT, key TEXT, name TEXT, parent INTEGER, row TEXT,
    UNIQUE (source, key));
  CREATE TABLE lost_kept (source TEXT, key TEXT, name TEXT, parent INTEGER, reason TEXT,
    UNIQUE (source, key));`

/** Of a row of `kept` under the name `k`: a checkpoint without its thread is nobody's. */
const hasParent = `(k.parent IS NULL OR EXISTS (
  SELECT 1 FROM kept t WHERE t.source = 'graph_threads' AND t.key = CAST(k.parent AS TEXT)))`

const sorted = `
  CREATE INDEX journal_by_execution ON journal (execution, seq, position);
  DELETE FROM lost WHERE position IN (SELECT position FROM journal);
  CREATE INDEX lost_by_execution ON lost (execution, seq);
  DELETE FROM names WHERE execution_id IN (SELECT row ->> 'executionId' FROM executions);`

/** The first of several rows with one key is the newest and stays. */
function load(scratch: DatabaseSync, path: string): void {
  const add = (table: string, columns: number): StatementSync =>
    scratch.prepare(`INSERT OR IGNORE INTO ${table} VALUES (${'?, '.repeat(columns - 1)}?)`)
  const journal = add('journal', 7)
  const lost = add('lost', 4)
  const names = add('names', 2)
  const executions = add('executions', 3)
  const blobs = add('blobs', 2)
  const parts = add('parts', 3)
  const kept = add('kept', 5)
  const lostKept = add('lost_kept', 5)
  const insert = (row: SalvagedRow): unknown => {
    switch (row.kind) {
      case 'journal': {
        const { kind, position, execution, seq, count, codec, payload } = row
        return journal.run(kind, position, execution, seq, count, codec, payload)
      }
      case 'journalKey':
        return lost.run(row.position, row.execution, row.seq, row.isIndex ? 1 : 0)
      case 'executionKey':
        return names.run(row.execution, row.executionId)
      case 'execution':
        return executions.run(row.execution, row.isTombstone ? 1 : 0, encoded(row))
      case 'blob':
        return blobs.run(row.hash, row.payload)
      case 'kept': {
        const { table, key, name, parent, columns } = row
        return kept.run(table, key, name, parent, encoded(columns))
      }
      case 'lost': {
        const { table, key, name, parent, reason } = row
        return lostKept.run(table, key, name, parent, reason)
      }
      default:
        return parts.run(null, row.kind, encoded(row) satisfies SQLInputValue)
    }
  }
  let left = loadRows
  scratch.exec('BEGIN')
  for (const row of salvageRows(path)) {
    insert(row)
    if (--left > 0) continue
    scratch.exec('COMMIT; BEGIN')
    left = loadRows
  }
  scratch.exec(`COMMIT; ${sorted}`)
}

const bytesKey = '$bytes'

function encoded(row: object): string {
  return JSON.stringify(row, (_, value: unknown) =>
    isBufferJson(value) ? { [bytesKey]: Buffer.from(value.data).toString('hex') } : value,
  )
}

function decoded(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === 'object' && value !== null && bytesKey in value
      ? Buffer.from(String(value[bytesKey]), 'hex')
      : value,
  )
}

/** What `JSON.stringify` makes of a buffer before it asks. */
function isBufferJson(value: unknown): value is { readonly data: readonly number[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'Buffer' &&
    'data' in value
  )
}
