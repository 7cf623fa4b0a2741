import type { StatementSync } from 'node:sqlite'
import { StateConsistencyError } from '../../../core/errors.ts'
import type { JsonValue } from '../../../core/json.ts'
import {
  type Database,
  decodePayload,
  graphRecordChecksum,
  graphThreadChecksum,
  plainCodec,
} from '../../../storage/index.ts'
import type { CheckpointContent } from './checkpoint-row.ts'
import type { CheckpointKey, CheckpointQuery, StoredWrite } from './checkpoint-store.ts'
import { isOfOneCall } from './kept-checkpoints.ts'

/** A checkpoint's row that is as it was written. */
export interface CheckpointRow {
  readonly position: number
  /** Null when the checkpoint was pruned and only values of it are left. */
  readonly checkpointId: string | null
  readonly parentId: string | null
  readonly content: CheckpointContent
}

/** A checkpoint as a list names it. */
export interface ListedCheckpoint extends CheckpointKey {
  readonly thread: number
}

/** What is written into a row. */
interface Content {
  readonly thread: number
  readonly checkpointId: string | null
  readonly parentId: string | null
  readonly payload: string
}

const columns = `position, thread, checkpoint_id AS checkpointId, task_id AS taskId,
  parent_id AS parentId, checksum, codec, payload`

/** `task_id` of a checkpoint's own row. */
const noTask = ''
/** `task_id` of a note, whose name is in `checkpoint_id`. No task of LangGraph is named so. */
const noteTask = '#note'

/** The statements over the tables of checkpoints. What does not match its checksum is refused. */
export class GraphTables {
  readonly #database: Database
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: Database) {
    this.#database = database
  }

  findThread(threadId: string, ns: string): number | null {
    const row = this.#sql(
      'SELECT thread FROM graph_threads WHERE namespace = 0 AND thread_id = ? AND checkpoint_ns = ?',
    ).get(threadId, ns)
    return row === undefined ? null : Number(row['thread'])
  }

  addThread(threadId: string, ns: string): number {
    const { lastInsertRowid } = this.#sql(
      'INSERT INTO graph_threads (namespace, thread_id, checkpoint_ns, checksum) VALUES (0, ?, ?, ?)',
    ).run(threadId, ns, graphThreadChecksum({ threadId, checkpointNs: ns }))
    return Number(lastInsertRowid)
  }

  /** Threads of that id, or those whose ids begin with it and a slash. */
  threadsOf(threadId: string, scope: 'exactly' | 'under'): readonly number[] {
    const condition =
      scope === 'exactly' ? 'thread_id = ?' : 'substr(thread_id, 1, length(?1)) = ?1'
    const rows = this.#sql(
      `SELECT thread FROM graph_threads WHERE namespace = 0 AND ${condition}`,
    ).all(scope === 'exactly' ? threadId : `${threadId}/`)
    return rows.map((row) => Number(row['thread']))
  }

  /**
   * The namespaces of a thread that single calls of subgraphs had, in which nothing is as new as a checkpoint.
   */
  namespacesBefore(threadId: string, checkpointId: string): readonly number[] {
    const rows = this.#sql(
      `SELECT t.thread, t.checkpoint_ns AS ns FROM graph_threads t
       WHERE t.namespace = 0 AND t.thread_id = ?1 AND t.checkpoint_ns <> '' AND NOT EXISTS (
         SELECT 1 FROM graph_records r
         WHERE r.namespace = 0 AND r.thread = t.thread AND r.checkpoint_id >= ?2 AND r.task_id = '')`,
    ).all(threadId, checkpointId)
    return rows.filter(({ ns }) => isOfOneCall(String(ns))).map((row) => Number(row['thread']))
  }

  removeThread(thread: number): void {
    for (const table of ['graph_records', 'graph_threads'])
      this.#sql(`DELETE FROM ${table} WHERE namespace = 0 AND thread = ?`).run(thread)
  }

  /** @returns the row's position; null when the thread has a checkpoint of that id already */
  addCheckpoint(row: Content): number | null {
    const { changes, lastInsertRowid } = this.#sql(
      `INSERT INTO graph_records
         (namespace, thread, checkpoint_id, task_id, parent_id, checksum, codec, payload)
       VALUES (0, ?, ?, '', ?, ?, ${plainCodec}, ?) ON CONFLICT DO NOTHING`,
    ).run(row.thread, row.checkpointId, row.parentId, checksumOf(row), row.payload)
    return changes === 0 ? null : Number(lastInsertRowid)
  }

  changeCheckpoint(position: number, row: Content): void {
    this.#sql(
      `UPDATE graph_records SET checkpoint_id = ?, parent_id = ?, checksum = ?, codec = ${plainCodec},
       payload = ? WHERE position = ?`,
    ).run(row.checkpointId, row.parentId, checksumOf(row), row.payload, position)
  }

  removeRow(position: number): void {
    this.#sql('DELETE FROM graph_records WHERE position = ?').run(position)
  }

  countCheckpoints(thread: number): number {
    const row = this.#sql(
      `SELECT count(*) AS n FROM graph_records
       WHERE namespace = 0 AND thread = ? AND checkpoint_id IS NOT NULL AND task_id = ''`,
    ).get(thread)
    return Number(row?.['n'])
  }

  /** @param checkpointId null for the newest */
  findCheckpoint(thread: number, checkpointId: string | null): CheckpointRow | null {
    const row =
      checkpointId === null
        ? this.#sql(
            `SELECT ${columns} FROM graph_records WHERE namespace = 0 AND thread = ?
             AND checkpoint_id IS NOT NULL AND task_id = '' ORDER BY checkpoint_id DESC LIMIT 1`,
          ).get(thread)
        : this.#sql(
            `SELECT ${columns} FROM graph_records
             WHERE namespace = 0 AND thread = ? AND checkpoint_id = ? AND task_id = ''`,
          ).get(thread, checkpointId)
    return row === undefined ? null : checkpointIn(row)
  }

  /** @throws StateConsistencyError when there is none: another row refers to it */
  checkpointAt(thread: number, position: number): CheckpointRow {
    const row = this.#sql(
      `SELECT ${columns} FROM graph_records WHERE position = ? AND thread = ? AND task_id = ''`,
    ).get(position, thread)
    if (row === undefined) throw damagedRow(position, 'is missing')
    return checkpointIn(row)
  }

  /** The checkpoints of a thread, the newest first, then what pruned ones have left. */
  checkpointsOf(thread: number): readonly CheckpointRow[] {
    const rows = this.#sql(
      `SELECT ${columns} FROM graph_records WHERE namespace = 0 AND thread = ? AND task_id = ''
       ORDER BY checkpoint_id DESC`,
    ).all(thread)
    return rows.map((row) => checkpointIn(row))
  }

  /** The newest first. */
  list(of: CheckpointQuery): readonly ListedCheckpoint[] {
    const rows = this.#sql(
      `SELECT t.thread, t.thread_id AS threadId, t.checkpoint_ns AS ns, r.checkpoint_id AS checkpointId
       FROM graph_threads t JOIN graph_records r ON r.namespace = 0 AND r.thread = t.thread
       WHERE t.namespace = 0 AND r.checkpoint_id IS NOT NULL AND r.task_id = ''
         AND (?1 IS NULL OR t.thread_id = ?1) AND (?2 IS NULL OR t.checkpoint_ns = ?2)
         AND (?3 IS NULL OR r.checkpoint_id = ?3) AND (?4 IS NULL OR r.checkpoint_id < ?4)
       ORDER BY r.checkpoint_id DESC`,
    ).all(of.threadId, of.ns, of.checkpointId, of.beforeId)
    return rows as unknown as readonly ListedCheckpoint[]
  }

  /** What each task has written after a checkpoint. */
  writesOf(thread: number, checkpointId: string): ReadonlyMap<string, readonly StoredWrite[]> {
    const rows = this.#sql(
      `SELECT ${columns} FROM graph_records
       WHERE namespace = 0 AND thread = ? AND checkpoint_id = ? AND task_id > ''`,
    ).all(thread, checkpointId)
    return new Map(rows.map((row) => [String(row['taskId']), writesIn(row)]))
  }

  writesOfTask(
    thread: number,
    checkpointId: string,
    taskId: string,
  ): readonly StoredWrite[] | null {
    const row = this.#sql(
      `SELECT ${columns} FROM graph_records
       WHERE namespace = 0 AND thread = ? AND checkpoint_id = ? AND task_id = ?`,
    ).get(thread, checkpointId, taskId)
    return row === undefined ? null : writesIn(row)
  }

  /** Replaces what the task has written before. */
  putWrites(row: {
    readonly thread: number
    readonly checkpointId: string
    readonly taskId: string
    readonly payload: string
  }): void {
    const checksum = checksumOf({ ...row, parentId: null }, row.taskId)
    this.#sql(
      `INSERT INTO graph_records (namespace, thread, checkpoint_id, task_id, checksum, codec, payload)
       VALUES (0, ?, ?, ?, ?, ${plainCodec}, ?) ON CONFLICT (namespace, thread, checkpoint_id, task_id)
       DO UPDATE SET checksum = excluded.checksum, codec = excluded.codec, payload = excluded.payload`,
    ).run(row.thread, row.checkpointId, row.taskId, checksum, row.payload)
  }

  /** What was noted beside the checkpoints of a thread, by name. */
  notesOf(thread: number): ReadonlyMap<string, JsonValue> {
    const rows = this.#sql(
      `SELECT ${columns} FROM graph_records WHERE namespace = 0 AND thread = ? AND task_id = '${noteTask}'`,
    ).all(thread)
    return new Map(
      rows.map((row) => [String(row['checkpointId']), JSON.parse(intactText(row)) as JsonValue]),
    )
  }

  putNote(thread: number, name: string, payload: string): void {
    this.putWrites({ thread, checkpointId: name, taskId: noteTask, payload })
  }

  removeNotesBut(thread: number, name: string): void {
    this.#sql(
      `DELETE FROM graph_records
       WHERE namespace = 0 AND thread = ? AND task_id = '${noteTask}' AND checkpoint_id <> ?`,
    ).run(thread, name)
  }

  removeWrites(thread: number, checkpointId: string): void {
    this.#sql(
      `DELETE FROM graph_records
       WHERE namespace = 0 AND thread = ? AND checkpoint_id = ? AND task_id > ''`,
    ).run(thread, checkpointId)
  }

  #sql(text: string): StatementSync {
    let statement = this.#statements.get(text)
    if (statement === undefined) {
      statement = this.#database.prepare(text)
      this.#statements.set(text, statement)
    }
    return statement
  }
}

type Found = Readonly<Record<string, unknown>>

function checksumOf(row: Content, taskId = noTask): number {
  return graphRecordChecksum({ ...row, taskId, codec: plainCodec })
}

function checkpointIn(row: Found): CheckpointRow {
  return {
    position: Number(row['position']),
    checkpointId: row['checkpointId'] as string | null,
    parentId: row['parentId'] as string | null,
    content: JSON.parse(intactText(row)) as CheckpointContent,
  }
}

function writesIn(row: Found): readonly StoredWrite[] {
  return JSON.parse(intactText(row)) as readonly StoredWrite[]
}

function intactText(row: Found): string {
  if (row['checksum'] !== graphRecordChecksum(row as never))
    throw damagedRow(Number(row['position']), 'was altered')
  return decodePayload(Number(row['codec']), row['payload'])
}

function damagedRow(position: number, what: string): StateConsistencyError {
  return new StateConsistencyError(`row ${position} of graph_records ${what}; it is not used`, {
    hint: 'go on from an older checkpoint of the thread (`checkpoint_id`), or delete the thread and run the graph anew',
    details: { table: 'graph_records', position },
  })
}
