import type { Database, SalvageStore } from '../../storage/index.ts'

const commitCountMax = 10_000

const inserts = {
  message: 'INSERT OR IGNORE INTO queue_messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  published: 'INSERT OR IGNORE INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
} as const

/**
 * Takes over what is intact of work queues and of events that were not sent yet. Of a row that was stored
 * more than once the newest is taken; one that was deleted may come back, as an event may that was delivered.
 */
export function restoreMesh(store: SalvageStore, database: Database): void {
  for (const kind of ['message', 'published'] as const) {
    const insert = database.prepare(inserts[kind])
    let waiting: (readonly (string | number | null)[])[] = []
    const write = (): void => {
      const rows = waiting
      waiting = []
      if (rows.length > 0) database.commit(() => rows.forEach((columns) => insert.run(...columns)))
    }
    for (const { columns } of store.meshRows(kind)) {
      waiting.push(columns)
      if (waiting.length >= commitCountMax) write()
    }
    write()
  }
}
