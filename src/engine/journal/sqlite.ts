import type { StatementSync } from 'node:sqlite'
import {
  type Database,
  executionChecksum,
  isDuplicate,
  journalChecksum,
  MemoryStore,
  stateChecksum,
} from '../../storage/index.ts'
import type { DeadLetterFilter, DeadLetterView } from '../workflow-engine.ts'
import { journalClosed, sequenceTaken, startTaken, unknownExecution } from './batch-refusal.ts'
import { type BudgetTotal, BudgetTotals } from './budget-totals.ts'
import { BlobWriter } from './blobs.ts'
import { DeadLetterWriter } from './dead-letters.ts'
import { Definitions } from './definitions.ts'
import type {
  DeadLetterChange,
  ExecutionFilter,
  ExecutionRow,
  Journal,
  JournalBatch,
  JournalRow,
  OutboxEntry,
  RetentionPolicy,
  SnapshotRow,
  StatusChange,
  WorkflowRow,
} from './journal.ts'
import { Outbox } from './outbox.ts'
import { packHash } from './packed-hash.ts'
import { Retention } from './retention.ts'
import { SnapshotWriter } from './snapshots.ts'
import { SqliteJournalReader } from './sqlite-reader.ts'
import { statusCode } from './status-code.ts'

/**
 * The journal in the tables of an owned database file. `append` is one transaction, durable when its
 * promise resolves. The database stays open when the journal is closed.
 */
export class SqliteJournal implements Journal {
  readonly memories: MemoryStore
  readonly #database: Database
  readonly #reader: SqliteJournalReader
  readonly #definitions: Definitions
  readonly #blobs: BlobWriter
  readonly #snapshots: SnapshotWriter
  readonly #deadLetters: DeadLetterWriter
  readonly #budgets: BudgetTotals
  readonly #outbox: Outbox
  readonly #retention: Retention
  readonly #insertStart: StatementSync
  readonly #insertRow: StatementSync
  readonly #changeStatus: StatementSync
  readonly #standing: StatementSync
  readonly #isPruned: StatementSync
  /** Without any tombstone in the file a start need not look for one. */
  #hasTombstones: boolean
  #last: number
  #isClosed = false

  constructor(database: Database) {
    this.#database = database
    this.#reader = new SqliteJournalReader(database)
    this.#definitions = new Definitions(database)
    this.#blobs = new BlobWriter(database)
    this.#snapshots = new SnapshotWriter(database, this.#blobs)
    this.#deadLetters = new DeadLetterWriter(database)
    this.#budgets = new BudgetTotals(database)
    this.#outbox = new Outbox(database)
    this.memories = new MemoryStore(database)
    this.#retention = new Retention(database, this.#reader)
    this.#insertStart = database.prepare(`
      INSERT INTO executions (execution, namespace, execution_id, definition, start_hash, status,
        started_at_ms, ended_at_ms, parent, checksum, state_checksum)
      VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    this.#insertRow = database.prepare(`
      INSERT INTO journal (namespace, execution, seq, count, codec, payload, checksum)
      VALUES (0, ?, ?, ?, ?, ?, ?)`)
    this.#changeStatus = database.prepare(`
      UPDATE executions SET status = ?, ended_at_ms = coalesce(?, -1 - started_at_ms), state_checksum = ?
      WHERE execution = ? AND namespace = 0`)
    this.#standing = database.prepare(`
      SELECT ended_at_ms < 0 AS isOpen, parent IS NULL AS isRoot FROM executions
      WHERE execution = ? AND namespace = 0`)
    this.#isPruned = database.prepare(
      'SELECT 1 FROM tombstones WHERE execution = ? OR (namespace = 0 AND execution_id = ?)',
    )
    const last = database
      .prepare(`
        SELECT max(coalesce((SELECT max(execution) FROM executions), 0),
          coalesce((SELECT max(execution) FROM tombstones), 0)) AS last,
          EXISTS (SELECT 1 FROM tombstones) AS hasTombstones`)
      .get()
    this.#last = Number(last?.['last'])
    this.#hasTombstones = last?.['hasTombstones'] === 1
  }

  nextExecution(): number {
    this.#requireOpen()
    return ++this.#last
  }

  append(batch: JournalBatch): Promise<void> {
    return this.#commit(() => this.#record(batch))
  }

  prune(policy: RetentionPolicy): Promise<number> {
    return this.#commit(() => {
      const count = this.#retention.prune(policy)
      if (count > 0) this.#hasTombstones = true
      return count
    })
  }

  outbox(afterPosition: number, limit: number): readonly OutboxEntry[] {
    this.#requireOpen()
    return this.#outbox.after(afterPosition, limit)
  }

  find(executionId: string): ExecutionRow | undefined {
    return this.#open().find(executionId)
  }

  list(filter: ExecutionFilter): readonly ExecutionRow[] {
    return this.#open().list(filter)
  }

  open(): readonly ExecutionRow[] {
    return this.#open().open()
  }

  rows(execution: number, afterSeq?: number): readonly JournalRow[] {
    return this.#open().rows(execution, afterSeq)
  }

  document(hash: string): string | undefined {
    return this.#open().document(hash)
  }

  snapshot(execution: number): SnapshotRow | undefined {
    return this.#open().snapshot(execution)
  }

  deadLetters(filter: DeadLetterFilter): readonly DeadLetterView[] {
    return this.#open().deadLetters(filter)
  }

  deadLetter(id: string): DeadLetterView | undefined {
    return this.#open().deadLetter(id)
  }

  workflows(): readonly WorkflowRow[] {
    return this.#open().workflows()
  }

  budgets(): readonly BudgetTotal[] {
    this.#requireOpen()
    return this.#budgets.all()
  }

  close(): Promise<void> {
    this.#isClosed = true
    return Promise.resolve()
  }

  #commit<T>(work: () => T): Promise<T> {
    try {
      this.#requireOpen()
      return Promise.resolve(this.#database.commit(work))
    } catch (thrown) {
      this.#definitions.forget()
      this.#retention.forget()
      this.memories.forget()
      return Promise.reject(thrown)
    }
  }

  #record(batch: JournalBatch): void {
    for (const document of batch.documents) this.#definitions.addDocument(document)
    for (const start of batch.starts) this.#start(start)
    for (const workflow of batch.workflows ?? []) this.#definitions.register(workflow)
    for (const row of batch.rows) this.#append(row)
    for (const change of batch.statuses) this.#change(change)
    for (const snapshot of batch.snapshots ?? []) this.#save(snapshot)
    for (const change of batch.deadLetters ?? []) this.#changeDeadLetter(change)
    for (const change of batch.budgets ?? []) this.#budgets.change(change)
    for (const row of batch.outbox ?? []) this.#outbox.add(row)
    for (const { change, atMs } of batch.memories ?? []) this.memories.apply(change, atMs)
    for (const position of batch.sent ?? []) this.#outbox.remove(position)
  }

  #start(start: ExecutionRow): void {
    const { execution, executionId, startedAtMs, endedAtMs, parent } = start
    const definition = this.#definitions.numberOf(start)
    const startHash = packHash(start.startHash)
    const status = statusCode(start.status)
    if (this.#hasTombstones && this.#isPruned.get(execution, executionId) !== undefined)
      throw startTaken(start)
    const written = { execution, executionId, definition, startHash, startedAtMs, parent }
    try {
      this.#insertStart.run(
        execution,
        executionId,
        definition,
        startHash,
        status,
        startedAtMs,
        endedAtMs ?? -1 - startedAtMs,
        parent,
        executionChecksum(written),
        stateChecksum(execution, status, endedAtMs),
      )
    } catch (thrown) {
      throw isDuplicate(thrown) ? startTaken(start) : thrown
    }
    if (endedAtMs !== null && parent === null) this.#retention.count(1)
    // A start that was numbered by an earlier journal on this file must not be numbered again.
    if (execution > this.#last) this.#last = execution
  }

  #append(row: JournalRow): void {
    const { execution, seq, count } = row
    const { codec, payload } = this.#blobs.store(row)
    const checksum = journalChecksum({ execution, seq, count, codec, payload })
    try {
      this.#insertRow.run(execution, seq, count, codec, payload, checksum)
    } catch (thrown) {
      throw isDuplicate(thrown) ? sequenceTaken(row) : thrown
    }
  }

  #change({ execution, status, endedAtMs }: StatusChange): void {
    if (this.#retention.isCounting) this.#count(execution, endedAtMs !== null)
    const code = statusCode(status)
    const checksum = stateChecksum(execution, code, endedAtMs)
    const { changes } = this.#changeStatus.run(code, endedAtMs, checksum, execution)
    if (changes !== 1) throw unknownExecution('a status', execution)
    if (endedAtMs !== null) this.#snapshots.remove(execution)
  }

  #count(execution: number, ends: boolean): void {
    const before = this.#standing.get(execution)
    if (before?.['isRoot'] !== 1 || (before['isOpen'] === 1) !== ends) return
    this.#retention.count(ends ? 1 : -1)
  }

  #save(snapshot: SnapshotRow): void {
    if (this.#requireStarted('a snapshot', snapshot.execution)) this.#snapshots.save(snapshot)
  }

  #changeDeadLetter(change: DeadLetterChange): void {
    if (change.kind === 'open') this.#requireStarted('a dead letter', change.execution)
    this.#deadLetters.change(change)
  }

  /** @returns whether it is open */
  #requireStarted(what: string, execution: number): boolean {
    const row = this.#standing.get(execution)
    if (row === undefined) throw unknownExecution(what, execution)
    return row['isOpen'] === 1
  }

  #open(): SqliteJournalReader {
    this.#requireOpen()
    return this.#reader
  }

  #requireOpen(): void {
    if (this.#isClosed) throw journalClosed()
  }
}
