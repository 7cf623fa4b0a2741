import type { StatementSync } from 'node:sqlite'
import { invariant } from '../../core/assert.ts'
import { isDuplicate, plainCodec } from '../../storage/index.ts'
import type { Database } from '../../storage/index.ts'
import { journalClosed, sequenceTaken, startTaken } from './batch-refusal.ts'
import { Definitions } from './definitions.ts'
import type {
  ExecutionFilter,
  ExecutionRow,
  Journal,
  JournalBatch,
  JournalRow,
  StatusChange,
} from './journal.ts'
import { packHash } from './packed-hash.ts'
import { SqliteJournalReader } from './sqlite-reader.ts'
import { statusCode } from './status-code.ts'

/**
 * The journal in the tables of an owned database file. `append` is one transaction, durable when its
 * promise resolves. The database stays open when the journal is closed.
 */
export class SqliteJournal implements Journal {
  readonly #database: Database
  readonly #reader: SqliteJournalReader
  readonly #definitions: Definitions
  readonly #insertStart: StatementSync
  readonly #insertRow: StatementSync
  readonly #changeStatus: StatementSync
  #last: number
  #isClosed = false

  constructor(database: Database) {
    this.#database = database
    this.#reader = new SqliteJournalReader(database)
    this.#definitions = new Definitions(database)
    this.#insertStart = database.prepare(`
      INSERT INTO executions (execution, namespace, execution_id, definition, start_hash, status,
        started_at_ms, ended_at_ms) VALUES (?, 0, ?, ?, ?, ?, ?, ?)`)
    this.#insertRow = database.prepare(`
      INSERT INTO journal (namespace, execution, seq, count, codec, payload)
      VALUES (0, ?, ?, ?, ${plainCodec}, ?)`)
    this.#changeStatus = database.prepare(`
      UPDATE executions SET status = ?, ended_at_ms = coalesce(?, -1 - started_at_ms)
      WHERE execution = ? AND namespace = 0`)
    const last = database.prepare('SELECT max(execution) AS last FROM executions').get()?.['last']
    this.#last = Number(last ?? 0)
  }

  nextExecution(): number {
    this.#requireOpen()
    return ++this.#last
  }

  append(batch: JournalBatch): Promise<void> {
    try {
      this.#requireOpen()
      this.#database.commit(() => this.#record(batch))
      return Promise.resolve()
    } catch (thrown) {
      this.#definitions.forget()
      return Promise.reject(thrown)
    }
  }

  find(executionId: string): ExecutionRow | undefined {
    this.#requireOpen()
    return this.#reader.find(executionId)
  }

  list(filter: ExecutionFilter): readonly ExecutionRow[] {
    this.#requireOpen()
    return this.#reader.list(filter)
  }

  open(): readonly ExecutionRow[] {
    this.#requireOpen()
    return this.#reader.open()
  }

  rows(execution: number, afterSeq?: number): readonly JournalRow[] {
    this.#requireOpen()
    return this.#reader.rows(execution, afterSeq)
  }

  document(hash: string): string | undefined {
    this.#requireOpen()
    return this.#reader.document(hash)
  }

  close(): Promise<void> {
    this.#isClosed = true
    return Promise.resolve()
  }

  #record(batch: JournalBatch): void {
    for (const document of batch.documents) this.#definitions.addDocument(document)
    for (const start of batch.starts) this.#start(start)
    for (const row of batch.rows) this.#append(row)
    for (const change of batch.statuses) this.#change(change)
  }

  #start(start: ExecutionRow): void {
    const definition = this.#definitions.numberOf(start)
    try {
      this.#insertStart.run(
        start.execution,
        start.executionId,
        definition,
        packHash(start.startHash),
        statusCode(start.status),
        start.startedAtMs,
        start.endedAtMs ?? -1 - start.startedAtMs,
      )
    } catch (thrown) {
      throw isDuplicate(thrown) ? startTaken(start) : thrown
    }
    // A start that was numbered by an earlier journal on this file must not be numbered again.
    if (start.execution > this.#last) this.#last = start.execution
  }

  #append(row: JournalRow): void {
    try {
      this.#insertRow.run(row.execution, row.seq, row.count, row.payload)
    } catch (thrown) {
      throw isDuplicate(thrown) ? sequenceTaken(row) : thrown
    }
  }

  #change(change: StatusChange): void {
    const { changes } = this.#changeStatus.run(
      statusCode(change.status),
      change.endedAtMs,
      change.execution,
    )
    invariant(changes === 1, `a status for the unknown execution number ${change.execution}`)
  }

  #requireOpen(): void {
    if (this.#isClosed) throw journalClosed()
  }
}
