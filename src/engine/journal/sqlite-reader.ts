import type { StatementSync } from 'node:sqlite'
import { decodePayload } from '../../storage/index.ts'
import type { DatabaseReader } from '../../storage/index.ts'
import { decodeMetadata, matchingDefinitions } from './definitions.ts'
import { listLimitDefault } from './execution-filter.ts'
import type { ExecutionFilter, ExecutionRow, JournalReader, JournalRow } from './journal.ts'
import { unpackHash } from './packed-hash.ts'
import { rowsAfter } from './row-sequence.ts'
import { statusCode, statusOfCode } from './status-code.ts'

const executionColumns = `
  SELECT e.execution, e.execution_id AS executionId, d.workflow, d.version, o.hash AS documentHash,
    e.start_hash AS startHash, e.status, d.codec, d.metadata,
    e.started_at_ms AS startedAtMs, e.ended_at_ms AS endedAtMs
  FROM executions e
  JOIN definitions d ON d.definition = e.definition
  JOIN documents o ON o.document = d.document
  WHERE e.namespace = 0`

interface StoredExecution extends Omit<
  ExecutionRow,
  'startHash' | 'status' | 'metadata' | 'endedAtMs'
> {
  readonly startHash: Uint8Array | string
  readonly status: number
  readonly codec: number
  readonly metadata: unknown
  readonly endedAtMs: number
}

interface StoredRow extends Omit<JournalRow, 'payload'> {
  readonly codec: number
  readonly payload: unknown
}

/** Looks journals up in a database file, owned or not. */
export class SqliteJournalReader implements JournalReader {
  readonly #database: DatabaseReader
  readonly #find: StatementSync
  readonly #list: StatementSync
  readonly #open: StatementSync
  readonly #rows: StatementSync
  readonly #document: StatementSync

  constructor(database: DatabaseReader) {
    this.#database = database
    this.#find = database.prepare(`${executionColumns} AND e.execution_id = ?`)
    // A unary plus keeps SQLite from the index on the namespace, by which it would sort every row.
    this.#list = database.prepare(`${executionColumns.replace('e.namespace', '+e.namespace')}
      AND (:status IS NULL OR e.status = :status)
      AND (:definitions IS NULL OR e.definition IN (SELECT value FROM json_each(:definitions)))
      ORDER BY e.execution DESC LIMIT :limit`)
    this.#open = database.prepare(`${executionColumns} AND e.ended_at_ms < 0 ORDER BY e.execution`)
    // The last row that begins at or before the next wanted event may still hold that event.
    this.#rows = database.prepare(`
      SELECT execution, seq, count, codec, payload FROM journal
      WHERE namespace = 0 AND execution = :execution AND seq >= coalesce((
        SELECT max(seq) FROM journal
        WHERE namespace = 0 AND execution = :execution AND seq <= :next), 0)
      ORDER BY seq`)
    this.#document = database.prepare(
      'SELECT codec, payload FROM documents WHERE namespace = 0 AND hash = ?',
    )
  }

  find(executionId: string): ExecutionRow | undefined {
    const row = this.#database.read(() => this.#find.get(executionId))
    return row === undefined ? undefined : executionOf(row)
  }

  list(filter: ExecutionFilter): readonly ExecutionRow[] {
    return this.#database.read(() => {
      const isNarrowed = filter.workflow !== undefined || filter.metadata !== undefined
      const definitions = isNarrowed ? matchingDefinitions(this.#database, filter) : null
      if (definitions?.length === 0) return []
      return this.#list
        .all({
          status: filter.status === undefined ? null : statusCode(filter.status),
          definitions: definitions === null ? null : JSON.stringify(definitions),
          limit: filter.limit ?? listLimitDefault,
        })
        .map(executionOf)
    })
  }

  open(): readonly ExecutionRow[] {
    return this.#database.read(() => this.#open.all().map(executionOf))
  }

  rows(execution: number, afterSeq = 0): readonly JournalRow[] {
    const stored = this.#database.read(
      () => this.#rows.all({ execution, next: afterSeq + 1 }) as unknown as readonly StoredRow[],
    )
    return rowsAfter(stored.map(journalRowOf), afterSeq)
  }

  document(hash: string): string | undefined {
    const row = this.#database.read(() => this.#document.get(hash)) as unknown as
      | { readonly codec: number; readonly payload: unknown }
      | undefined
    return row === undefined ? undefined : decodePayload(row.codec, row.payload)
  }
}

function executionOf(row: unknown): ExecutionRow {
  const stored = row as StoredExecution
  return {
    execution: stored.execution,
    executionId: stored.executionId,
    workflow: stored.workflow,
    version: stored.version,
    documentHash: stored.documentHash,
    startHash: unpackHash(stored.startHash),
    status: statusOfCode(stored.status),
    metadata: decodeMetadata(stored.codec, stored.metadata),
    startedAtMs: stored.startedAtMs,
    endedAtMs: stored.endedAtMs < 0 ? null : stored.endedAtMs,
  }
}

function journalRowOf(stored: StoredRow): JournalRow {
  return {
    execution: stored.execution,
    seq: stored.seq,
    count: stored.count,
    payload: decodePayload(stored.codec, stored.payload),
  }
}
