import { existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { OrchestrationError } from '../core/errors.ts'
import { checkMark, emitWarning, readMark, removeMark } from './commit-mark.ts'
import { checkIntegrity } from './integrity.ts'
import { createPrivateFile } from './lock.ts'
import { schemaVersion } from './migrations.ts'
import { notFound } from './reader.ts'
import { realPath } from './real-path.ts'
import { checkRows } from './row-check.ts'
import { checkSchema } from './schema-check.ts'
import { storageErrorOf } from './storage-error.ts'

/** The version of the schema that brought checksums of rows. */
const checksumsSince = 2
/** More pages than a file can have: the copy is one step. */
const allPages = 2_147_483_647

/** A copy that was made. */
export interface Backup {
  readonly path: string
  readonly bytes: number
}

/**
 * Copies a database to a new file as it is at one moment, while an owner may go on writing, and checks
 * every page and row of the copy. A copy that is not whole is removed.
 *
 * The pages are copied in one step, so that one read transaction sees them all; in several steps every
 * commit of the owner would begin the copy anew. `VACUUM INTO` would give a smaller file, but rewrites
 * every row on this thread.
 *
 * @throws NotFoundError when there is nothing to copy; RefusedError when the target is there;
 *   StorageError when the file is damaged, or one of the two cannot be read or written
 */
export async function backupDatabase(path: string, target: string): Promise<Backup> {
  const whole = realPath(target)
  if (existsSync(whole)) {
    throw new OrchestrationError('RefusedError', `${whole} is there already`, {
      hint: 'a backup never replaces a file: move it away, or name another target',
      details: { target: whole },
    })
  }
  const source = realPath(path)
  if (!existsSync(source)) throw notFound(source)
  const draft = `${whole}.partial`
  try {
    removeDatabase(draft)
    createPrivateFile(draft)
    await copy(source, draft)
    check(draft, source)
    removeMark(whole)
    renameSync(draft, whole)
    return { path: whole, bytes: statSync(whole).size }
  } catch (thrown) {
    throw storageErrorOf(thrown, whole)
  } finally {
    removeDatabase(draft)
  }
}

/** Removes a database file and everything that lies beside it under its name. */
export function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '.mark', '.lock', '.owner'])
    rmSync(`${path}${suffix}`, { force: true })
}

async function copy(from: string, to: string): Promise<void> {
  // Read before the file, of which an owner may commit more in between.
  const mark = readMark(from)
  const connection = new DatabaseSync(from, { readOnly: true, timeout: 5_000 })
  try {
    if (schemaVersion(connection, from) === 0) throw notFound(from)
    // A backup that lacks committed work is none.
    checkMark(connection, from, { mark, onWarning: emitWarning })
    await backup(connection, to, { rate: allPages })
  } catch (thrown) {
    throw storageErrorOf(thrown, from)
  } finally {
    connection.close()
  }
}

/** Nobody else knows the copy yet, so it is read as it lies there and no log is made beside it. */
function check(copied: string, source: string): void {
  const connection = new DatabaseSync(`${pathToFileURL(copied).href}?immutable=1`, {
    readOnly: true,
  })
  try {
    const version = schemaVersion(connection, source)
    checkSchema(connection, source, version)
    checkIntegrity(connection, source)
    // Older files have no checksums.
    if (version >= checksumsSince) checkRows(connection, source, version)
  } catch (thrown) {
    throw storageErrorOf(thrown, source)
  } finally {
    connection.close()
  }
}
