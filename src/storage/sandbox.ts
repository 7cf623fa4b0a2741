import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database } from './database.ts'
import type { DatabaseOptions } from './database.ts'

/** Files and databases of one test, all closed and removed by `clear`. */
export class Sandbox {
  readonly #directories: string[] = []
  readonly #databases: Database[] = []

  /** A new, empty directory. */
  directory(): string {
    const directory = mkdtempSync(join(tmpdir(), 'storage-'))
    this.#directories.push(directory)
    return directory
  }

  /** A path in a new directory. */
  path(): string {
    return join(this.directory(), 'aura.db')
  }

  open(options: DatabaseOptions): Database {
    const database = Database.open(options)
    this.#databases.push(database)
    return database
  }

  clear(): void {
    for (const database of this.#databases.splice(0)) database.close()
    for (const directory of this.#directories.splice(0)) {
      chmodSync(directory, 0o700)
      rmSync(directory, { recursive: true, force: true })
    }
  }
}

/** Runs synchronous work as a user for whom file modes count: for root they do not. */
export function asOrdinaryUser(work: () => void): void {
  if (process.geteuid?.() !== 0) return work()
  process.seteuid?.(65_534)
  try {
    work()
  } finally {
    process.seteuid?.(0)
  }
}
