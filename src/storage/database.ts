import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { invariant } from '../core/assert.ts'
import type { OrchestrationError } from '../core/errors.ts'
import { checkMark, CommitMark, emitWarning, readMark, removeMark } from './commit-mark.ts'
import { checkBeside, finishedCheck } from './integrity-watch.ts'
import type { IntegrityCheck } from './integrity-watch.ts'
import { checkIntegrity, contentBytes, integrityBytesMax } from './integrity.ts'
import { Lease } from './lease.ts'
import { makeDirectory } from './make-directory.ts'
import { acquireLock, createPrivateFile } from './lock.ts'
import type { FileLock } from './lock.ts'
import { migrate, schemaVersion } from './migrations.ts'
import { removeOwnerFile, writeOwnerFile } from './owner-file.ts'
import type { OwnerInfo } from './owner-file.ts'
import type { DatabaseReader } from './reader.ts'
import { realPath } from './real-path.ts'
import { checkSchema } from './schema-check.ts'
import { storageErrorOf } from './storage-error.ts'

/**
 * `full`: a commit is on disk before it returns and survives a power cut. `normal`: it survives the
 * death of the process, but a power cut or a crash of the system may lose the last commits.
 */
export type Durability = 'full' | 'normal'

export interface DatabaseOptions {
  /** The database file; it and its directory are made when they are missing. */
  readonly path: string
  /** Default `full`. */
  readonly durability?: Durability
  /** How long a statement waits for another connection's lock; default 5,000, 0 for not at all. */
  readonly busyTimeoutMs?: number
  /** Told that the newest commits are missing where that can happen; default a warning of the process. */
  readonly onWarning?: (warning: OrchestrationError) => void
  /**
   * Told of damage that is found after `open` has returned: a file over 32 MiB is checked beside the
   * work. Default a warning of the process.
   */
  readonly onDamage?: (damage: OrchestrationError) => void
}

/** Sizes of the database's files in bytes; `walBytes` is 0 when there is no write-ahead log. */
export interface DatabaseSizes {
  readonly databaseBytes: number
  readonly walBytes: number
}

/**
 * Pages of 4 KiB in the write-ahead log after which a commit carries them into the file, on its own
 * thread. From 500 to 4,000 the throughput is the same, so the smallest log and pause win.
 */
const checkpointPages = 1_000
/** A log that outgrew this, by one big commit or a slow reader, is cut back to it when it starts anew. */
const walBytesMax = 16_777_216
const cacheKiB = 16_384

/** The database, owned and writable. */
export class Database implements DatabaseReader {
  readonly path: string
  readonly #connection: DatabaseSync
  readonly #lock: FileLock
  readonly #lease: Lease
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #newestPosition: StatementSync
  readonly #mark: CommitMark
  readonly #check: IntegrityCheck
  #published: string | undefined

  private constructor(
    path: string,
    connection: DatabaseSync,
    owned: { lock: FileLock; lease: Lease; mark: CommitMark; check: IntegrityCheck },
  ) {
    this.path = path
    this.#connection = connection
    this.#lock = owned.lock
    this.#lease = owned.lease
    this.#mark = owned.mark
    this.#check = owned.check
    this.#begin = connection.prepare('BEGIN IMMEDIATE')
    this.#commit = connection.prepare('COMMIT')
    this.#newestPosition = connection.prepare('SELECT max(position) FROM journal')
    this.#newestPosition.setReturnArrays(true)
    this.#mark.write(this.#position())
  }

  /**
   * Opens the file as its only owner, makes it when it is missing and brings it to the newest schema.
   *
   * @throws OwnerError when another process owns it; StorageError when it cannot be opened or written,
   *   is no database, belongs to another program or to a newer version, is damaged, or lacks work that
   *   was committed.
   */
  static open(options: DatabaseOptions): Database {
    const asked = resolve(options.path)
    let lock: FileLock | undefined
    let connection: DatabaseSync | undefined
    try {
      makeDirectory(dirname(asked))
      const path = realPath(asked)
      lock = acquireLock(path)
      removeOwnerFile(path)
      if (!existsSync(path)) removeMark(path)
      createPrivateFile(path)
      const isChecked = check(path, options)
      connection = new DatabaseSync(path, { timeout: options.busyTimeoutMs ?? 5_000 })
      configure(connection, options.durability ?? 'full')
      migrate(connection, path)
      return new Database(path, connection, {
        lock,
        lease: Lease.claim(connection, path),
        mark: new CommitMark(path, options.durability !== 'normal'),
        check: isChecked ? finishedCheck : checkBeside(path, options.onDamage ?? emitWarning),
      })
    } catch (thrown) {
      connection?.close()
      lock?.release()
      throw storageErrorOf(thrown, asked)
    }
  }

  /** This owner's number; later owners have higher ones. */
  get epoch(): number {
    return this.#lease.epoch
  }

  get isChecked(): boolean {
    return this.#check.isSound
  }

  /** @throws StorageError */
  prepare(sql: string): StatementSync {
    return this.read(() => this.#connection.prepare(sql))
  }

  read<T>(work: () => T): T {
    try {
      return work()
    } catch (thrown) {
      throw storageErrorOf(thrown, this.path)
    }
  }

  /**
   * Runs `work` in one transaction, durable when this returns. When anything throws, nothing of it is
   * recorded. `work` must be synchronous and must not commit itself.
   *
   * @throws StateConsistencyError when a later owner has claimed the file; StorageError, retryable when
   *   the disk is full or read-only; whatever `work` throws.
   */
  commit<T>(work: () => T): T {
    invariant(!this.#connection.isTransaction, 'a commit inside a commit')
    try {
      this.#begin.run()
      this.#lease.check()
      const result = work()
      const position = this.#position()
      this.#commit.run()
      this.#mark.write(position)
      return result
    } catch (thrown) {
      // SQLite has already rolled back by itself after some failures, a full disk among them.
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK')
      throw storageErrorOf(thrown, this.path)
    }
  }

  /**
   * Tells other processes where this owner listens; withdrawn by `close`.
   *
   * @throws StorageError
   */
  publishOwner(owner: OwnerInfo): void {
    writeOwnerFile(this.path, owner)
    this.#published = owner.token
  }

  /** Carries the whole write-ahead log into the file, so that its size is what the data takes. */
  checkpoint(): void {
    this.read(() => this.#connection.exec('PRAGMA wal_checkpoint(TRUNCATE)'))
  }

  sizes(): DatabaseSizes {
    return { databaseBytes: fileBytes(this.path), walBytes: fileBytes(`${this.path}-wal`) }
  }

  /** Closes the file and gives up its ownership; calling it again does nothing. */
  close(): void {
    if (!this.#connection.isOpen) return
    try {
      if (this.#published !== undefined) removeOwnerFile(this.path, this.#published)
    } finally {
      this.#check.stop()
      this.#mark.close()
      this.#connection.close()
      this.#lock.release()
    }
  }

  /** The newest position of the journal, of this transaction too. */
  #position(): number {
    const row = this.#newestPosition.get() as unknown as readonly [number | null] | undefined
    return row?.[0] ?? 0
  }
}

/**
 * Refuses a damaged file before anything is written to it. Even closing a connection that may write would
 * throw away what is left of a broken log, so this one only reads.
 *
 * @returns false when the file is too large to be checked whole now
 */
function check(path: string, { onWarning, busyTimeoutMs }: DatabaseOptions): boolean {
  // What is no file is refused by the opening itself, in its own words.
  if (!statSync(path).isFile()) return true
  const mark = readMark(path)
  const timeout = busyTimeoutMs ?? 5_000
  const connection = new DatabaseSync(path, { readOnly: true, timeout })
  try {
    const version = schemaVersion(connection, path)
    if (version > 0) checkSchema(connection, path, version)
    const isSmall = contentBytes(connection) <= integrityBytesMax
    if (isSmall) checkIntegrity(connection, path)
    checkMark(connection, path, { mark, onWarning: onWarning ?? emitWarning })
    return isSmall
  } finally {
    connection.close()
  }
}

function configure(connection: DatabaseSync, durability: Durability): void {
  connection.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'};
    PRAGMA wal_autocheckpoint = ${checkpointPages};
    PRAGMA journal_size_limit = ${walBytesMax};
    PRAGMA cache_size = -${cacheKiB};
    PRAGMA temp_store = MEMORY;
  `)
}

function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
