import { existsSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { OrchestrationError } from '../core/errors.ts'
import { checkMark, emitWarning, readMark } from './commit-mark.ts'
import { checkIntegrity, contentBytes, integrityBytesMax } from './integrity.ts'
import { schemaVersion } from './migrations.ts'
import { realPath } from './real-path.ts'
import { checkSchema } from './schema-check.ts'
import { migrations } from './schema.ts'
import { isUnwritable, storageErrorOf } from './storage-error.ts'

/** The database, for reading. */
export interface DatabaseReader {
  readonly path: string
  /**
   * False while nobody knows that the whole file is sound, for one over 32 MiB: an index may then hide
   * rows of its table.
   */
  readonly isChecked?: boolean
  /** @throws StorageError when the statement does not fit the schema. */
  prepare(sql: string): StatementSync
  /**
   * Runs `work`, turning failures of SQLite into errors of Aura.
   *
   * @throws StorageError
   */
  read<T>(work: () => T): T
  close(): void
}

export interface ReaderOptions {
  /** Told that the newest commits are missing where that can happen; default a warning of the process. */
  readonly onWarning?: (warning: OrchestrationError) => void
}

/**
 * Opens the file for looking only: needs no ownership, works while an owner writes, and on a disk that
 * cannot be written.
 *
 * @throws NotFoundError when the file is absent or holds nothing yet; StorageError when it cannot be
 *   read, is no database, has another schema than this version, is damaged, or lacks committed work.
 */
export function openReader(path: string, options: ReaderOptions = {}): DatabaseReader {
  const whole = realPath(path)
  if (!existsSync(whole)) throw notFound(whole)
  // Before the file is read: an owner may commit in between, and the mark is to be the older one.
  const mark = readMark(whole)
  const connection = connect(whole, { mark, onWarning: options.onWarning ?? emitWarning })
  return {
    path: whole,
    isChecked: contentBytes(connection) <= integrityBytesMax,
    prepare: (sql) => mapped(whole, () => connection.prepare(sql)),
    read: (work) => mapped(whole, work),
    close: () => connection.isOpen && connection.close(),
  }
}

/** What is known before the file is read, and whom to tell. */
type Known = Parameters<typeof checkMark>[2]

function connect(path: string, known: Known): DatabaseSync {
  try {
    return connectTo(path, path, known)
  } catch (thrown) {
    // Reading beside a writer needs a writable directory. Where there is none there is no writer
    // either, and with no write-ahead log left behind the file alone is the whole truth.
    if (!isUnwritable(thrown) || hasLog(path)) throw storageErrorOf(thrown, path)
  }
  return mapped(path, () => connectTo(`${pathToFileURL(path).href}?immutable=1`, path, known))
}

function connectTo(location: string, path: string, known: Known): DatabaseSync {
  const connection = new DatabaseSync(location, { readOnly: true, timeout: 5_000 })
  try {
    const version = schemaVersion(connection, path)
    if (version > 0) checkSchema(connection, path, version)
    if (contentBytes(connection) <= integrityBytesMax) checkIntegrity(connection, path)
    checkMark(connection, path, known)
    if (version === 0) throw notFound(path)
    const newest = migrations.at(-1)?.version ?? 0
    if (version < newest) throw outdated(path, version, newest)
    return connection
  } catch (thrown) {
    connection.close()
    throw thrown
  }
}

function mapped<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    throw storageErrorOf(thrown, path)
  }
}

function hasLog(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
}

/** The refusal of a file that is absent or holds nothing yet. */
export function notFound(path: string): OrchestrationError {
  return new OrchestrationError('NotFoundError', `${path} holds no executions`, {
    hint: 'start one with `aura run`, or name another file with --db',
    details: { path },
  })
}

function outdated(path: string, version: number, newest: number): OrchestrationError {
  return new OrchestrationError(
    'StorageError',
    `${path} has schema ${version}, older than ${newest}`,
    {
      hint: 'the next `aura run` or `aura serve` on it brings it up to date',
      details: { path, version, newest },
    },
  )
}
