import type { StatementSync } from 'node:sqlite'
import { isOrchestrationError } from '../../core/errors.ts'
import type { Database } from '../../storage/index.ts'
import type { RetentionPolicy } from './journal.ts'
import { chooseTrees, type EndedRoot, type Tree } from './retention-choice.ts'
import type { SqliteJournalReader } from './sqlite-reader.ts'

/** Columns of a row of `executions` that its tombstone keeps, checksums as they are. */
const keptColumns = `execution, namespace, execution_id, definition, start_hash, status, started_at_ms,
  ended_at_ms, parent, checksum, state_checksum`

/** Removes what retention lets go. To be called inside a commit. */
export class Retention {
  readonly #reader: SqliteJournalReader
  readonly #roots: StatementSync
  readonly #members: StatementSync
  readonly #countEnded: StatementSync
  readonly #newest: StatementSync
  readonly #hasDeadLetter: StatementSync
  readonly #blobsOf: StatementSync
  readonly #removals: readonly StatementSync[]
  readonly #removeBlob: StatementSync
  readonly #range: StatementSync
  /** The ended roots in the file; null while nobody needs to know. */
  #endedCount: number | null = null

  constructor(database: Database, reader: SqliteJournalReader) {
    this.#reader = reader
    this.#roots = database.prepare(`
      SELECT execution, started_at_ms AS startedAtMs, ended_at_ms AS endedAtMs FROM executions
      WHERE ended_at_ms >= 0 AND parent IS NULL ORDER BY execution`)
    this.#members = database.prepare(`
      WITH RECURSIVE tree (execution) AS (
        VALUES (?) UNION
        SELECT e.execution FROM tree JOIN executions e
        ON e.namespace = 0 AND e.parent = tree.execution)
      SELECT execution FROM tree`)
    this.#countEnded = database.prepare(
      'SELECT count(*) AS n FROM executions WHERE ended_at_ms >= 0 AND parent IS NULL',
    )
    this.#range = database.prepare(`
      SELECT (SELECT min(execution) FROM executions) AS first,
        (SELECT max(execution) FROM executions) AS last`)
    this.#newest = database.prepare('SELECT execution FROM journal ORDER BY position DESC LIMIT 1')
    this.#hasDeadLetter = database.prepare(
      'SELECT 1 FROM dead_letters WHERE namespace = 0 AND execution = ?',
    )
    this.#blobsOf = database.prepare(
      'SELECT blob FROM blob_refs WHERE namespace = 0 AND execution = ?',
    )
    this.#removeBlob = database.prepare(`
      DELETE FROM blobs WHERE blob = :blob AND NOT EXISTS (
        SELECT 1 FROM blob_refs WHERE namespace = 0 AND blob = :blob)`)
    const ofExecution = 'WHERE namespace = 0 AND execution = ?'
    const idOf = '(SELECT execution_id FROM executions WHERE namespace = 0 AND execution = ?1)'
    // '0' comes right after '/'.
    const threads = `FROM graph_threads WHERE namespace = 0
      AND thread_id > ${idOf} || '/' AND thread_id < ${idOf} || '0'`
    this.#removals = [
      `DELETE FROM graph_records WHERE namespace = 0 AND thread IN (SELECT thread ${threads})`,
      `DELETE ${threads}`,
      `INSERT INTO tombstones (${keptColumns}) SELECT ${keptColumns} FROM executions ${ofExecution}`,
      `DELETE FROM executions ${ofExecution}`,
      `DELETE FROM journal ${ofExecution}`,
      `DELETE FROM snapshots ${ofExecution}`,
      `DELETE FROM dead_letters ${ofExecution}`,
      `DELETE FROM blob_refs ${ofExecution}`,
    ].map((sql) => database.prepare(sql))
  }

  /** Whether `count` is to be told of every root that ends or is opened again. */
  get isCounting(): boolean {
    return this.#endedCount !== null
  }

  count(change: 1 | -1): void {
    if (this.#endedCount !== null) this.#endedCount += change
  }

  /** A batch was not recorded: what was counted has not happened. */
  forget(): void {
    this.#endedCount = null
  }

  /** @returns how many executions were removed */
  prune(policy: RetentionPolicy): number {
    const newest = this.#newest.get()?.['execution']
    const trees = chooseTrees(this.#endedRoots(), policy, {
      endedCount: this.#count(policy.endedMax),
      treeOf: (root) => this.#treeOf(root, newest),
    })
    let count = 0
    for (const { members } of trees) {
      for (const member of members) this.#remove(member)
      count += members.length
    }
    if (this.#endedCount !== null) this.#endedCount -= trees.length
    return count
  }

  #endedRoots(): Iterable<EndedRoot> {
    return this.#roots.iterate() as Iterable<unknown> as Iterable<EndedRoot>
  }

  /** Counting reads every row: it is done once, and only when there are enough numbers for too many. */
  #count(endedMax: number): number {
    if (this.#endedCount !== null) return this.#endedCount
    const range = this.#range.get()
    if (Number(range?.['last']) - Number(range?.['first']) < endedMax) return 0
    this.#endedCount = Number(this.#countEnded.get()?.['n'])
    return this.#endedCount
  }

  #treeOf(root: number, newest: unknown): Tree {
    const members = this.#members.all(root).map((row) => row['execution'] as number)
    return {
      members,
      isHeld: members.some((member) => member === newest || !this.#isIntactAndEnded(member)),
      hasDeadLetter: members.some((member) => this.#hasDeadLetter.get(member) !== undefined),
    }
  }

  /** A damaged row may say of an open execution that it has ended: it is left for the eyes of people. */
  #isIntactAndEnded(execution: number): boolean {
    try {
      const row = this.#reader.ofNumber(execution)
      return row !== undefined && row.endedAtMs !== null
    } catch (thrown) {
      if (isOrchestrationError(thrown) && thrown.code === 'StateConsistencyError') return false
      throw thrown
    }
  }

  #remove(execution: number): void {
    const blobs = this.#blobsOf.all(execution)
    for (const removal of this.#removals) removal.run(execution)
    for (const { blob } of blobs) this.#removeBlob.run({ blob: blob as number })
  }
}
