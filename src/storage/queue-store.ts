import type { StatementSync } from 'node:sqlite'
import { assertNever, invariant } from '../core/assert.ts'
import type { CloudEvent } from '../core/contracts/events.ts'
import type { QueueChange, QueueStore, StoredMessage } from '../core/contracts/queue-store.ts'
import { messageChecksum } from './checksum.ts'
import { plainCodec } from './codec.ts'
import type { Database } from './database.ts'
import { eventOfRow, messageOfRow, selectEvent, type StoredRow } from './queue-rows.ts'

const [waiting, done, dead] = [0, 1, 2]

/** Keeps the messages of work queues in the tables of an owned database file. */
export class SqliteQueueStore implements QueueStore {
  readonly #database: Database
  readonly #all: StatementSync
  readonly #payload: StatementSync
  readonly #changes: Readonly<Record<QueueChange['kind'], StatementSync>>
  #last: number

  constructor(database: Database) {
    this.#database = database
    this.#all = database.prepare(`
      SELECT message AS position, repeat_key AS repeatKey, partition_key AS partitionKey, status,
        deliveries, at_ms AS atMs, due_at_ms AS dueAtMs, error
      FROM queue_messages WHERE namespace = 0 AND queue = ? ORDER BY message`)
    this.#payload = database.prepare(selectEvent)
    const update = (set: string): StatementSync =>
      database.prepare(`UPDATE queue_messages SET ${set} WHERE message = ? AND namespace = 0`)
    this.#changes = {
      sent: database.prepare(`
        INSERT INTO queue_messages (message, namespace, queue, repeat_key, partition_key, status,
          deliveries, at_ms, due_at_ms, checksum, codec, payload)
        VALUES (?, 0, ?, ?, ?, ${waiting}, 0, ?, ?, ?, ?, ?)`),
      delivered: update('deliveries = ?'),
      postponed: update('due_at_ms = ?'),
      done: update(`status = ${done}, payload = NULL`),
      dead: update(`status = ${dead}, error = ?, at_ms = ?`),
      redriven: update(
        `status = ${waiting}, error = NULL, deliveries = 0, at_ms = ?, due_at_ms = ?`,
      ),
      forgotten: database.prepare('DELETE FROM queue_messages WHERE message = ? AND namespace = 0'),
    }
    const last = database.prepare('SELECT max(message) AS last FROM queue_messages').get()
    this.#last = Number(last?.['last'] ?? 0)
  }

  nextPosition(): number {
    return ++this.#last
  }

  load(queue: string): readonly StoredMessage[] {
    const rows = this.#database.read(() => this.#all.all(queue))
    return rows.map((row) => messageOfRow(row as unknown as StoredRow))
  }

  read(position: number): CloudEvent {
    return eventOfRow(
      position,
      this.#database.read(() => this.#payload.get(position)),
    )
  }

  commit(changes: readonly QueueChange[]): Promise<void> {
    try {
      this.#database.commit(() => {
        for (const change of changes) this.#make(change)
      })
      return Promise.resolve()
    } catch (thrown) {
      return Promise.reject(thrown)
    }
  }

  #make(change: QueueChange): void {
    const statement = this.#changes[change.kind]
    const { position } = change
    switch (change.kind) {
      case 'sent': {
        const { queue, event, repeatKey, atMs, dueAtMs } = change
        const payload = JSON.stringify(event)
        const key = event.partitionkey ?? null
        const row = { position, queue, repeatKey, codec: plainCodec, payload }
        const checksum = messageChecksum(row)
        const times = [atMs, dueAtMs] as const
        statement.run(position, queue, repeatKey, key, ...times, checksum, plainCodec, payload)
        return
      }
      case 'delivered':
        return this.#update(statement.run(change.deliveries, position), position)
      case 'postponed':
        return this.#update(statement.run(change.dueAtMs, position), position)
      case 'dead': {
        const { error, atMs } = change
        return this.#update(statement.run(JSON.stringify(error), atMs, position), position)
      }
      case 'redriven':
        return this.#update(statement.run(change.atMs, change.atMs, position), position)
      case 'done':
      case 'forgotten':
        return this.#update(statement.run(position), position)
      default:
        assertNever(change, 'change')
    }
  }

  #update({ changes }: { readonly changes: number | bigint }, position: number): void {
    invariant(Number(changes) === 1, `there is no message ${position}`)
  }
}
