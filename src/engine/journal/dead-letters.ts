import type { StatementSync } from 'node:sqlite'
import type { ErrorJson } from '../../core/errors.ts'
import {
  type Database,
  type DatabaseReader,
  deadLetterChecksum,
  decodePayload,
  plainCodec,
} from '../../storage/index.ts'
import type { DeadLetterView } from '../workflow-engine.ts'
import { damaged, decodingStored } from './damage.ts'
import type { DeadLetterChange } from './journal.ts'
import type { UncheckedRows } from './unchecked-rows.ts'

/** A dead letter with the number of its execution in place of the id. */
export type NumberedDeadLetter = Omit<DeadLetterView, 'executionId'> & {
  readonly execution: number
}

interface StoredDeadLetter {
  readonly id: string
  readonly execution: number
  readonly stepId: string | null
  readonly atMs: number
  readonly checksum: number | null
  readonly codec: number
  readonly payload: string
}

/** Reads the open dead letters. */
export class DeadLetterReader {
  readonly #all: StatementSync
  readonly #ofExecution: StatementSync
  readonly #find: StatementSync
  readonly #unchecked: UncheckedRows

  constructor(database: DatabaseReader, unchecked: UncheckedRows) {
    const select = `
      SELECT id, execution, step_id AS stepId, at_ms AS atMs, checksum, codec, payload
      FROM dead_letters`
    this.#all = database.prepare(`${select} ORDER BY dead_letter`)
    this.#ofExecution = database.prepare(
      `${select} WHERE namespace = 0 AND execution = ? ORDER BY dead_letter`,
    )
    this.#find = database.prepare(`${select} WHERE namespace = 0 AND id = ?`)
    this.#unchecked = unchecked
  }

  /** In order of opening, of one execution or of all. */
  *inOrder(execution?: number): Generator<NumberedDeadLetter> {
    const stored =
      execution === undefined ? this.#all.iterate() : this.#ofExecution.iterate(execution)
    for (const row of stored) yield this.#decode(row)
  }

  find(id: string): NumberedDeadLetter | undefined {
    const row = this.#find.get(id)
    return row === undefined ? undefined : this.#decode(row)
  }

  #decode(row: unknown): NumberedDeadLetter {
    const stored = row as StoredDeadLetter
    const { id, execution, stepId, atMs, checksum } = stored
    const what = `dead letter '${id}'`
    const details = { id, execution }
    return decodingStored(what, details, () => {
      const isGood =
        checksum === null
          ? execution <= this.#unchecked.execution
          : checksum === deadLetterChecksum(stored)
      if (!isGood) throw damaged(what, details)
      const error = JSON.parse(decodePayload(stored.codec, stored.payload)) as ErrorJson
      return { id, execution, stepId, error, atMs }
    })
  }
}

/** Opens and closes dead letters. */
export class DeadLetterWriter {
  readonly #open: StatementSync
  readonly #close: StatementSync
  readonly #removeOf: StatementSync

  constructor(database: Database) {
    this.#open = database.prepare(`
      INSERT INTO dead_letters (namespace, id, execution, step_id, at_ms, checksum, codec, payload)
      VALUES (0, ?, ?, ?, ?, ?, ${plainCodec}, ?)`)
    this.#close = database.prepare('DELETE FROM dead_letters WHERE namespace = 0 AND id = ?')
    this.#removeOf = database.prepare(
      'DELETE FROM dead_letters WHERE namespace = 0 AND execution = ?',
    )
  }

  change(change: DeadLetterChange): void {
    this.#close.run(change.id)
    if (change.kind === 'close') return
    const { id, execution, stepId, atMs } = change
    const payload = JSON.stringify(change.error)
    const checksum = deadLetterChecksum({ ...change, codec: plainCodec, payload })
    this.#open.run(id, execution, stepId, atMs, checksum, payload)
  }

  removeOf(execution: number): void {
    this.#removeOf.run(execution)
  }
}
