import type { StatementSync } from 'node:sqlite'
import { decodePayload, documentChecksum, journalChecksum } from '../../storage/index.ts'
import type { DatabaseReader } from '../../storage/index.ts'
import type { DeadLetterFilter, DeadLetterView } from '../workflow-engine.ts'
import { BlobReader } from './blobs.ts'
import { damaged, decodingStored } from './damage.ts'
import { DeadLetterReader, type NumberedDeadLetter } from './dead-letters.ts'
import { DefinitionReader } from './definition-reader.ts'
import { listLimitDefault } from './execution-filter.ts'
import type {
  ExecutionFilter,
  ExecutionRow,
  JournalReader,
  JournalRow,
  SnapshotRow,
  WorkflowRow,
} from './journal.ts'
import { rowsAfter } from './row-sequence.ts'
import { SnapshotReader } from './snapshots.ts'
import { statusCode } from './status-code.ts'
import { selectExecutions, StoredExecutions } from './stored-execution.ts'
import { readUncheckedRows, type UncheckedRows } from './unchecked-rows.ts'
import { readWorkflows } from './workflow-registry.ts'

interface StoredRow extends Omit<JournalRow, 'payload'> {
  readonly position: number
  readonly codec: number
  readonly payload: string
  readonly checksum: number | null
}

interface StoredDocument {
  readonly hash: string
  readonly codec: number
  readonly payload: string
  readonly checksum: number | null
}

/** Looks journals up in a database file, owned or not. */
export class SqliteJournalReader implements JournalReader {
  readonly #database: DatabaseReader
  readonly #unchecked: UncheckedRows
  readonly #definitions: DefinitionReader
  readonly #executions: StoredExecutions
  readonly #blobs: BlobReader
  readonly #snapshots: SnapshotReader
  readonly #deadLetters: DeadLetterReader
  readonly #find: StatementSync
  readonly #findPruned: StatementSync
  readonly #ofNumber: StatementSync
  readonly #list: StatementSync
  readonly #open: StatementSync
  readonly #rows: StatementSync
  readonly #document: StatementSync

  constructor(database: DatabaseReader) {
    this.#database = database
    this.#unchecked = readUncheckedRows(database)
    this.#definitions = new DefinitionReader(database, this.#unchecked)
    this.#executions = new StoredExecutions(this.#definitions, this.#unchecked)
    this.#blobs = new BlobReader(database)
    this.#snapshots = new SnapshotReader(database, this.#blobs)
    this.#deadLetters = new DeadLetterReader(database, this.#unchecked)
    const byId = 'WHERE namespace = 0 AND execution_id = ?'
    this.#find = database.prepare(`${selectExecutions()} ${byId}`)
    this.#findPruned = database.prepare(`${selectExecutions('tombstones')} ${byId}`)
    this.#ofNumber = database.prepare(`${selectExecutions()} WHERE execution = ?`)
    // Without the namespace: a row in which it was altered is to be found, and not to be left out.
    this.#list = database.prepare(`${selectExecutions()}
      WHERE execution < :before AND (:status IS NULL OR status = :status)
      AND (:definitions IS NULL OR definition IN (SELECT value FROM json_each(:definitions)))
      ORDER BY execution DESC LIMIT :limit`)
    this.#open = database.prepare(
      `${selectExecutions()} WHERE namespace = 0 AND ended_at_ms < 0 ORDER BY execution`,
    )
    // The last row that begins at or before the next wanted event may still hold that event.
    this.#rows = database.prepare(`
      SELECT position, execution, seq, count, codec, payload, checksum FROM journal
      WHERE namespace = 0 AND execution = :execution AND seq >= coalesce((
        SELECT max(seq) FROM journal
        WHERE namespace = 0 AND execution = :execution AND seq <= :next), 0)
      ORDER BY seq`)
    this.#document = database.prepare(
      'SELECT hash, codec, payload, checksum FROM documents WHERE namespace = 0 AND hash = ?',
    )
  }

  find(executionId: string): ExecutionRow | undefined {
    return this.#read(`execution '${executionId}'`, { executionId }, () => {
      const row = this.#find.get(executionId)
      if (row !== undefined) return this.#executions.decode(row)
      const tombstone = this.#findPruned.get(executionId)
      return tombstone === undefined ? undefined : this.#executions.decode(tombstone, true)
    })
  }

  list(filter: ExecutionFilter): readonly ExecutionRow[] {
    return this.#read('the list of executions', {}, () => {
      const isNarrowed = filter.workflow !== undefined || filter.metadata !== undefined
      const definitions = isNarrowed ? this.#definitions.matching(filter) : null
      if (definitions?.length === 0) return []
      return this.#list
        .all({
          before: filter.before ?? Number.MAX_SAFE_INTEGER,
          status: filter.status === undefined ? null : statusCode(filter.status),
          definitions: definitions === null ? null : JSON.stringify(definitions),
          limit: filter.limit ?? listLimitDefault,
        })
        .map((row) => this.#executions.decode(row))
    })
  }

  open(): readonly ExecutionRow[] {
    return this.#read('the list of open executions', {}, () =>
      this.#open.all().map((row) => this.#executions.decode(row)),
    )
  }

  rows(execution: number, afterSeq = 0): readonly JournalRow[] {
    return this.#read(`the journal of execution number ${execution}`, { execution }, () => {
      const stored = this.#rows.all({ execution, next: afterSeq + 1 })
      const decode = this.#blobs.decoder(execution)
      const rows = (stored as unknown as readonly StoredRow[]).map((row) => {
        this.#check(row)
        const { seq, count, codec, payload } = row
        return { execution: row.execution, seq, count, payload: decode(codec, payload) }
      })
      return rowsAfter(rows, afterSeq)
    })
  }

  document(hash: string): string | undefined {
    const what = `document ${hash}`
    const details = { documentHash: hash }
    return this.#read(what, details, () => {
      const row = this.#document.get(hash) as unknown as StoredDocument | undefined
      if (row === undefined) return undefined
      const isGood =
        row.checksum === null
          ? this.#unchecked.execution > 0
          : row.checksum === documentChecksum(row)
      if (!isGood) throw damaged(what, details)
      return decodePayload(row.codec, row.payload)
    })
  }

  snapshot(execution: number): SnapshotRow | undefined {
    return this.#database.read(() => this.#snapshots.newest(execution))
  }

  deadLetters(filter: DeadLetterFilter): readonly DeadLetterView[] {
    return this.#read('the list of dead letters', {}, () => {
      const { executionId, workflow, limit = listLimitDefault } = filter
      const only = executionId === undefined ? undefined : this.find(executionId)
      const found: DeadLetterView[] = []
      if (limit <= 0 || (executionId !== undefined && only === undefined)) return found
      for (const letter of this.#deadLetters.inOrder(only?.execution)) {
        const execution = only ?? this.#executionOf(letter)
        if (workflow !== undefined && execution.workflow !== workflow) continue
        found.push(viewOf(letter, execution))
        if (found.length >= limit) break
      }
      return found
    })
  }

  deadLetter(id: string): DeadLetterView | undefined {
    return this.#read(`dead letter '${id}'`, { id }, () => {
      const letter = this.#deadLetters.find(id)
      return letter === undefined ? undefined : viewOf(letter, this.#executionOf(letter))
    })
  }

  workflows(): readonly WorkflowRow[] {
    return this.#read('the list of workflows', {}, () =>
      readWorkflows(this.#database, this.#unchecked),
    )
  }

  /** An execution that has started and is not pruned. */
  ofNumber(execution: number): ExecutionRow | undefined {
    return this.#read(`execution number ${execution}`, { execution }, () => {
      const row = this.#ofNumber.get(execution)
      return row === undefined ? undefined : this.#executions.decode(row)
    })
  }

  #executionOf(letter: NumberedDeadLetter): ExecutionRow {
    const { id, execution } = letter
    const row = this.ofNumber(execution)
    if (row === undefined) throw damaged(`the execution of dead letter '${id}'`, { id, execution })
    return row
  }

  #check(row: StoredRow): void {
    const { execution, seq, checksum } = row
    const what = `event ${seq} of execution number ${execution}`
    const details = { execution, seq }
    const isGood =
      checksum === null
        ? row.position <= this.#unchecked.position
        : decodingStored(what, details, () => checksum === journalChecksum(row))
    if (!isGood) throw damaged(what, details)
  }

  #read<T>(what: string, details: Parameters<typeof damaged>[1], work: () => T): T {
    return this.#database.read(() => decodingStored(what, details, work))
  }
}

function viewOf(letter: NumberedDeadLetter, execution: ExecutionRow): DeadLetterView {
  const { id, stepId, error, atMs } = letter
  return { id, executionId: execution.executionId, stepId, error, atMs }
}
