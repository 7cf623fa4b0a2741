import type { DatabaseSync } from 'node:sqlite'
import { blobHash } from './blob-text.ts'
import {
  budgetChecksum,
  executionChecksum,
  graphRecordChecksum,
  graphThreadChecksum,
  journalChecksum,
  memoryChecksum,
  messageChecksum,
  outboxChecksum,
  outcomeChecksum,
  routerChecksum,
  stateChecksum,
} from './checksum.ts'
import { damaged } from './storage-error.ts'

type Row = Readonly<Record<string, unknown>>

/**
 * Compares every row of the tables that grow with its checksum: 1 s for a million rows. Rows that are
 * older than checksums have none.
 *
 * @param version of the file's schema
 * @throws StorageError when one was altered; what SQLite throws
 */
export function checkRows(connection: DatabaseSync, path: string, version: number): void {
  for (const { table, sql, isIntact, since = 0 } of tables) {
    if (version < since) continue
    for (const row of connection.prepare(sql).iterate() as Iterable<Row>) {
      if (row['checksum'] === null || isIntact(row)) continue
      const details = { table, row: Number(row['number']) }
      throw damaged(path, `it is damaged: row ${details.row} of ${table} was altered`, { details })
    }
  }
}

const executionColumns = `execution AS number, execution, execution_id AS executionId, definition,
  start_hash AS startHash, status, started_at_ms AS startedAtMs, ended_at_ms AS endedAtMs, parent,
  checksum, state_checksum AS stateChecksum`

const tables: readonly {
  readonly table: string
  /** Of the schema that brought it. */
  readonly since?: number
  readonly sql: string
  readonly isIntact: (row: Row) => boolean
}[] = [
  {
    table: 'journal',
    sql: 'SELECT position AS number, execution, seq, count, codec, payload, checksum FROM journal',
    isIntact: (row) => row['checksum'] === journalChecksum(row as never),
  },
  {
    table: 'executions',
    sql: `SELECT ${executionColumns} FROM executions`,
    isIntact: isIntactExecution,
  },
  {
    table: 'tombstones',
    sql: `SELECT ${executionColumns} FROM tombstones`,
    isIntact: isIntactExecution,
  },
  {
    table: 'blobs',
    sql: 'SELECT blob AS number, hash, payload, 0 AS checksum FROM blobs WHERE codec = 0',
    isIntact: ({ hash, payload }) =>
      blobHash(String(payload)) === Buffer.from(hash as Uint8Array).toString('hex'),
  },
  {
    table: 'queue_messages',
    since: 3,
    sql: `SELECT message AS number, message AS position, queue, repeat_key AS repeatKey, codec, payload,
      checksum FROM queue_messages WHERE payload IS NOT NULL`,
    isIntact: (row) => row['checksum'] === messageChecksum(row as never),
  },
  {
    table: 'outbox',
    since: 3,
    sql: `SELECT position AS number, execution, seq, place, at_ms AS atMs, codec, payload, checksum
      FROM outbox`,
    isIntact: (row) => row['checksum'] === outboxChecksum(row as never),
  },
  {
    table: 'budgets',
    since: 3,
    sql: `SELECT row_number() OVER () AS number, scope, name, from_ms AS fromMs, calls, tokens,
      cost_nano_usd AS costNanoUsd, checksum FROM budgets`,
    isIntact: (row) => row['checksum'] === budgetChecksum(row as never),
  },
  {
    table: 'routers',
    since: 3,
    sql: `SELECT rowid AS number, name, version, profiles_hash AS profilesHash,
      trained_at_ms AS trainedAtMs, checksum, codec, payload FROM routers`,
    isIntact: (row) => row['checksum'] === routerChecksum(row as never),
  },
  {
    table: 'routing_outcomes',
    since: 3,
    sql: `SELECT outcome AS number, name, at_ms AS atMs, checksum, codec, payload FROM routing_outcomes`,
    isIntact: (row) => row['checksum'] === outcomeChecksum(row as never),
  },
  {
    table: 'graph_threads',
    since: 3,
    sql: `SELECT thread AS number, thread_id AS threadId, checkpoint_ns AS checkpointNs, checksum
      FROM graph_threads`,
    isIntact: (row) => row['checksum'] === graphThreadChecksum(row as never),
  },
  {
    table: 'graph_records',
    since: 3,
    sql: `SELECT position AS number, thread, checkpoint_id AS checkpointId, task_id AS taskId,
            parent_id AS parentId, checksum, codec, payload FROM graph_records`,
    isIntact: (row) => row['checksum'] === graphRecordChecksum(row as never),
  },
  {
    table: 'memories',
    since: 3,
    sql: `SELECT memory AS number, owner, space AS namespace, key, created_at_ms AS createdAtMs,
      written_at_ms AS writtenAtMs, expires_at_ms AS expiresAtMs, checksum, codec, payload FROM memories`,
    isIntact: (row) => row['checksum'] === memoryChecksum(row as never),
  },
]

function isIntactExecution(row: Row): boolean {
  const endedAtMs = Number(row['endedAtMs'])
  const state = stateChecksum(
    Number(row['execution']),
    Number(row['status']),
    endedAtMs < 0 ? null : endedAtMs,
  )
  const isStateIntact = row['stateChecksum'] === null || row['stateChecksum'] === state
  return isStateIntact && row['checksum'] === executionChecksum(row as never)
}
