import {
  type Database,
  type KeptValue,
  keptTables,
  type SalvageStore,
} from '../../storage/index.ts'

/** Bytes of values in one commit. */
const commitBytesMax = 8_000_000
/** What a row counts for beside its texts and bytes. */
const rowBytes = 100

/**
 * Takes over what is intact of the tables that do not belong to executions: budgets, routers, queues,
 * outbox, checkpoints of graphs and memories. Of a row that was stored more than once the newest is taken;
 * one that was deleted may come back, as an event may that was delivered.
 */
export function restoreKeptRows(store: SalvageStore, database: Database): void {
  for (const { table, columns } of keptTables) {
    const places = columns.map(() => '?').join(', ')
    const insert = database.prepare(`INSERT OR IGNORE INTO ${table} VALUES (${places})`)
    let waiting: (readonly KeptValue[])[] = []
    let bytes = 0
    const write = (): void => {
      const rows = waiting
      waiting = []
      bytes = 0
      if (rows.length > 0) database.commit(() => rows.forEach((values) => insert.run(...values)))
    }
    for (const values of store.kept(table)) {
      waiting.push(values)
      bytes += bytesOf(values)
      if (bytes >= commitBytesMax) write()
    }
    write()
  }
}

function bytesOf(values: readonly KeptValue[]): number {
  let bytes = rowBytes
  for (const value of values)
    if (typeof value === 'string' || value instanceof Uint8Array) bytes += value.length
  return bytes
}
