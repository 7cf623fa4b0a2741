import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { StateConsistencyError } from '../core/errors.ts'

/**
 * The second guard of ownership. Every owner raises the file's epoch once and every commit checks it,
 * so an owner whose lock was taken away (its lock file deleted, a network disk that forgets locks)
 * can record nothing any more.
 */
export class Lease {
  readonly epoch: number
  readonly #path: string
  readonly #current: StatementSync

  private constructor(connection: DatabaseSync, path: string, epoch: number) {
    this.epoch = epoch
    this.#path = path
    this.#current = connection.prepare('SELECT epoch FROM lease WHERE namespace = 0')
    this.#current.setReturnArrays(true)
  }

  /** Raises the epoch: from now on commits of all earlier owners are refused. */
  static claim(connection: DatabaseSync, path: string): Lease {
    const row = connection
      .prepare('UPDATE lease SET epoch = epoch + 1 WHERE namespace = 0 RETURNING epoch')
      .get()
    return new Lease(connection, path, Number(row?.['epoch']))
  }

  /**
   * To be called inside the transaction that it guards.
   *
   * @throws StateConsistencyError when a later owner has claimed the file.
   */
  check(): void {
    const row = this.#current.get() as unknown as readonly [number] | undefined
    if (row?.[0] === this.epoch) return
    throw new StateConsistencyError(
      `${this.#path} has a newer owner: nothing is recorded any more`,
      {
        hint: 'stop this process; its executions go on under the newer owner',
        details: { path: this.#path, epoch: this.epoch, currentEpoch: row?.[0] ?? null },
      },
    )
  }
}
