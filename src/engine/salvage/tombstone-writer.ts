import type { StatementSync } from 'node:sqlite'
import {
  type Database,
  executionChecksum,
  type SalvagedExecution,
  stateChecksum,
} from '../../storage/index.ts'

const commitCountMax = 10_000

/** Writes tombstones as they were, many in one commit; the documents that they name must be there. */
export class TombstoneWriter {
  readonly #database: Database
  readonly #insert: StatementSync
  #waiting: (() => void)[] = []

  constructor(database: Database) {
    this.#database = database
    this.#insert = database.prepare(`
      INSERT INTO tombstones (execution, namespace, execution_id, definition, start_hash, status,
        started_at_ms, ended_at_ms, parent, checksum, state_checksum)
      VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  }

  /** @param status the stored code */
  add(row: SalvagedExecution, status: number): void {
    const { execution, executionId, definition, startHash, startedAtMs, endedAtMs, parent } = row
    const checksum = executionChecksum(row)
    const ofState = stateChecksum(execution, status, endedAtMs < 0 ? null : endedAtMs)
    this.#waiting.push(() =>
      this.#insert.run(
        execution,
        executionId,
        definition,
        startHash,
        status,
        startedAtMs,
        endedAtMs,
        parent,
        checksum,
        ofState,
      ),
    )
    if (this.#waiting.length >= commitCountMax) this.finish()
  }

  finish(): void {
    const waiting = this.#waiting
    this.#waiting = []
    if (waiting.length > 0) this.#database.commit(() => waiting.forEach((insert) => insert()))
  }
}
