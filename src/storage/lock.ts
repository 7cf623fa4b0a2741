import { chmodSync, closeSync, existsSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { OrchestrationError } from '../core/errors.ts'
import { readOwnerFile } from './owner-file.ts'
import { isBusy, storageErrorOf } from './storage-error.ts'

/** Ownership of a database file by this process; it ends with `release` or with the process. */
export interface FileLock {
  release(): void
}

/** How long an acquisition waits: longer than the moment for which `isOwned` looks at the lock. */
const acquireWaitMs = 100

/**
 * Makes this process the owner of the database by an open exclusive transaction on `<path>.lock`,
 * which the operating system drops when the process dies, however it dies.
 *
 * @throws OwnerError, naming the owner when `<path>.owner` does, when another one has it;
 *   StorageError when the lock file cannot be made.
 */
export function acquireLock(path: string): FileLock {
  const lockPath = `${path}.lock`
  try {
    createPrivateFile(lockPath)
    const connection = new DatabaseSync(lockPath, { timeout: acquireWaitMs })
    try {
      // In memory, so that taking the lock leaves no rollback journal beside it.
      connection.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    } catch (thrown) {
      connection.close()
      throw thrown
    }
    return { release: () => connection.isOpen && connection.close() }
  } catch (thrown) {
    throw isBusy(thrown) ? ownerError(path) : storageErrorOf(thrown, lockPath)
  }
}

/** True while some process, this one included, owns the database. */
export function isOwned(path: string): boolean {
  const lockPath = `${path}.lock`
  if (!existsSync(lockPath)) return false
  let connection: DatabaseSync | undefined
  try {
    connection = new DatabaseSync(lockPath, { readOnly: true, timeout: 0 })
    connection.prepare('SELECT count(*) FROM sqlite_schema').get()
    return false
  } catch (thrown) {
    if (isBusy(thrown)) return true
    throw storageErrorOf(thrown, lockPath)
  } finally {
    connection?.close()
  }
}

/**
 * Makes an empty file that only this user may read, unless it is there. An existing file is never
 * opened: closing any descriptor of a file drops all POSIX locks this process holds on it.
 */
export function createPrivateFile(path: string): void {
  if (existsSync(path)) return
  try {
    closeSync(openSync(path, 'wx', 0o600))
    chmodSync(path, 0o600)
  } catch (thrown) {
    if (!existsSync(path)) throw thrown
  }
}

function ownerError(path: string): OrchestrationError {
  const owner = readOwnerFile(path)
  const who =
    owner === null
      ? 'another process'
      : `'aura ${owner.kind}' with pid ${owner.pid}, which listens on port ${owner.port}`
  return new OrchestrationError('OwnerError', `${path} is owned by ${who}`, {
    retryable: true,
    hint: 'stop that process, or let it do the work: verbs go to the owner by themselves',
    details: {
      path,
      pid: owner?.pid ?? null,
      port: owner?.port ?? null,
      kind: owner?.kind ?? null,
    },
  })
}
