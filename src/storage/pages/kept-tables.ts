import {
  budgetChecksum,
  graphRecordChecksum,
  graphThreadChecksum,
  memoryChecksum,
  messageChecksum,
  outboxChecksum,
  outcomeChecksum,
  routerChecksum,
} from '../checksum.ts'
import { entryBytes } from '../memory-store.ts'

/** A value of a column of one of these tables. */
export type KeptValue = string | number | Uint8Array | null

/** The values of a row by the names that its checksum takes. */
export type KeptColumns = Readonly<Record<string, KeptValue>>

/** What a column holds; with a question mark it may be null. */
export type ColumnType = 'integer' | 'text' | 'payload' | 'integer?' | 'text?' | 'payload?'

/** A table whose rows are salvaged one by one, as they are. */
export interface KeptTable {
  readonly table: string
  /** In their order in the file. */
  readonly columns: readonly (readonly [string, ColumnType])[]
  /** Its first column, a number that SQLite keeps beside the columns, or no number (`WITHOUT ROWID`). */
  readonly number: 'column' | 'beside' | 'none'
  readonly isIntact: (row: KeptColumns) => boolean
  /** What a person calls the row of that number; `text` gives its columns, empty for null. */
  readonly nameOf: (text: (column: string) => string, number: string) => string
  /** Number of the row of `graph_threads` without which this one means nothing. */
  readonly parentOf?: (row: KeptColumns) => number
  /** An index that names rows which are damaged themselves: its columns, the row's number after them. */
  readonly index?: { readonly name: string; readonly columns: readonly string[] }
}

const payload = [
  ['checksum', 'integer'],
  ['codec', 'integer'],
  ['payload', 'payload'],
] as const

/** `queue_messages.status` of one that was handled: it has no event any more, and no checksum of it. */
const handled = 1

/**
 * All tables that are neither of executions nor follow from others: snapshots, dead letters and references
 * to blobs come out of the journal, vectors of memories out of their texts. In an order in which they can
 * be written.
 */
export const keptTables: readonly KeptTable[] = [
  {
    table: 'budgets',
    number: 'none',
    columns: [
      ['namespace', 'integer'],
      ['scope', 'text'],
      ['name', 'text'],
      ['fromMs', 'integer'],
      ['calls', 'integer'],
      ['tokens', 'integer'],
      ['costNanoUsd', 'integer'],
      ['checksum', 'integer'],
    ],
    isIntact: (row) => row['checksum'] === budgetChecksum(row as never),
    nameOf: (text) => `${text('scope')} ${text('name')}`,
  },
  {
    table: 'routers',
    number: 'beside',
    columns: [
      ['namespace', 'integer'],
      ['name', 'text'],
      ['version', 'integer'],
      ['profilesHash', 'text'],
      ['trainedAtMs', 'integer'],
      ...payload,
    ],
    isIntact: (row) => row['checksum'] === routerChecksum(row as never),
    nameOf: (text) => `${text('name')} version ${text('version')}`,
    index: { name: 'sqlite_autoindex_routers_1', columns: ['namespace', 'name', 'version'] },
  },
  {
    table: 'routing_outcomes',
    number: 'column',
    columns: [
      ['number', 'integer'],
      ['namespace', 'integer'],
      ['name', 'text'],
      ['atMs', 'integer'],
      ...payload,
    ],
    isIntact: (row) => row['checksum'] === outcomeChecksum(row as never),
    nameOf: (text, number) => `${number} of the router ${text('name')}`,
    index: { name: 'routing_outcomes_by_name', columns: ['namespace', 'name'] },
  },
  {
    table: 'queue_messages',
    number: 'column',
    columns: [
      ['position', 'integer'],
      ['namespace', 'integer'],
      ['queue', 'text'],
      ['repeatKey', 'text'],
      ['partitionKey', 'text?'],
      ['status', 'integer'],
      ['deliveries', 'integer'],
      ['atMs', 'integer'],
      ['dueAtMs', 'integer'],
      ['error', 'text?'],
      ['checksum', 'integer'],
      ['codec', 'integer'],
      ['payload', 'payload?'],
    ],
    isIntact: (row) =>
      row['payload'] === null
        ? row['status'] === handled
        : row['checksum'] === messageChecksum(row as never),
    nameOf: (text, number) => `${number} of the queue ${text('queue')}`,
    index: { name: 'queue_messages_by_queue', columns: ['namespace', 'queue'] },
  },
  {
    table: 'outbox',
    number: 'column',
    columns: [
      ['position', 'integer'],
      ['namespace', 'integer'],
      ['execution', 'integer'],
      ['seq', 'integer'],
      ['place', 'integer'],
      ['atMs', 'integer'],
      ...payload,
    ],
    isIntact: (row) => row['checksum'] === outboxChecksum(row as never),
    nameOf: (_, number) => number,
  },
  {
    table: 'graph_threads',
    number: 'column',
    columns: [
      ['thread', 'integer'],
      ['namespace', 'integer'],
      ['threadId', 'text'],
      ['checkpointNs', 'text'],
      ['checksum', 'integer'],
    ],
    isIntact: (row) => row['checksum'] === graphThreadChecksum(row as never),
    nameOf: (text) =>
      text('checkpointNs') === ''
        ? text('threadId')
        : `${text('threadId')} in ${text('checkpointNs')}`,
    index: {
      name: 'sqlite_autoindex_graph_threads_1',
      columns: ['namespace', 'threadId', 'checkpointNs'],
    },
  },
  {
    table: 'graph_records',
    number: 'column',
    columns: [
      ['position', 'integer'],
      ['namespace', 'integer'],
      ['thread', 'integer'],
      ['checkpointId', 'text?'],
      ['taskId', 'text'],
      ['parentId', 'text?'],
      ...payload,
    ],
    isIntact: (row) => row['checksum'] === graphRecordChecksum(row as never),
    nameOf: (text) => {
      const id = text('checkpointId')
      const name = id === '' ? 'of a pruned checkpoint' : `checkpoint ${id}`
      return text('taskId') === '' ? name : `${name}, task ${text('taskId')}`
    },
    parentOf: ({ thread }) => Number(thread),
    index: {
      name: 'graph_records_by_thread',
      columns: ['namespace', 'thread', 'checkpointId', 'taskId'],
    },
  },
  {
    table: 'memories',
    number: 'column',
    columns: [
      ['number', 'integer'],
      ['zero', 'integer'],
      ['owner', 'text'],
      ['namespace', 'text'],
      ['key', 'text'],
      ['createdAtMs', 'integer'],
      ['writtenAtMs', 'integer'],
      ['expiresAtMs', 'integer?'],
      ['bytes', 'integer'],
      ...payload,
    ],
    isIntact: (row) =>
      row['bytes'] === entryBytes(String(row['key']), String(row['payload'])) &&
      row['checksum'] === memoryChecksum(row as never),
    nameOf: (text) => `${text('owner')} ${text('namespace')} ${text('key')}`,
    index: { name: 'memories_by_key', columns: ['zero', 'owner', 'namespace', 'key'] },
  },
]
