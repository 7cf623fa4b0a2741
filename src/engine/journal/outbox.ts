import type { StatementSync } from 'node:sqlite'
import { readCloudEvent } from '../../core/contracts/events.ts'
import { type Database, decodePayload, outboxChecksum, plainCodec } from '../../storage/index.ts'
import type { OutboxEntry, OutboxRow } from './journal.ts'

interface StoredRow {
  readonly position: number
  readonly execution: number
  readonly seq: number
  readonly place: number
  readonly atMs: number
  readonly checksum: number
  readonly codec: number
  readonly payload: string
}

/** The table of published events that were not sent on yet. To be changed inside a commit. */
export class Outbox {
  readonly #database: Database
  readonly #insert: StatementSync
  readonly #delete: StatementSync
  readonly #after: StatementSync
  #last: number

  constructor(database: Database) {
    this.#database = database
    this.#insert = database.prepare(`
      INSERT INTO outbox (position, namespace, execution, seq, place, at_ms, checksum, codec, payload)
      VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?)`)
    this.#delete = database.prepare('DELETE FROM outbox WHERE position = ? AND namespace = 0')
    this.#after = database.prepare(`
      SELECT position, execution, seq, place, at_ms AS atMs, checksum, codec, payload FROM outbox
      WHERE namespace = 0 AND position > ? ORDER BY position LIMIT ?`)
    const last = database.prepare('SELECT max(position) AS last FROM outbox').get()
    this.#last = Number(last?.['last'] ?? 0)
  }

  add({ execution, seq, place, atMs, event }: OutboxRow): void {
    const codec = plainCodec
    const payload = JSON.stringify(event)
    const checksum = outboxChecksum({ execution, seq, place, atMs, codec, payload })
    this.#insert.run(++this.#last, execution, seq, place, atMs, checksum, codec, payload)
  }

  remove(position: number): void {
    this.#delete.run(position)
  }

  after(position: number, limit: number): readonly OutboxEntry[] {
    const rows = this.#database.read(() => this.#after.all(position, limit))
    return rows.map((row) => entryOf(row as unknown as StoredRow))
  }
}

/** A row that is not as it was written gives no event. */
function entryOf(row: StoredRow): OutboxEntry {
  const { position } = row
  if (typeof row.payload !== 'string' || row.checksum !== outboxChecksum(row))
    return { position, event: null }
  try {
    return { position, event: readCloudEvent(JSON.parse(decodePayload(row.codec, row.payload))) }
  } catch {
    return { position, event: null }
  }
}
