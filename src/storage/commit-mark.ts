import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { DatabaseSync } from 'node:sqlite'
import { createPrivateFile } from './lock.ts'
import { damaged, storageErrorOf } from './storage-error.ts'
import type { OrchestrationError } from '../core/errors.ts'

/** How far the journal had come, as said outside the database and its write-ahead log. */
export interface Mark {
  /** The newest `journal.position` that was committed; 0 for none. */
  readonly position: number
  /** Whether the commit had reached the disk when the mark was written. */
  readonly isDurable: boolean
}

/** `aura` in ASCII, then the version of this record. */
const head = Buffer.from([0x61, 0x75, 0x72, 0x61, 1])
const durablePlace = 5
const positionPlace = 8
const checksumPlace = 16
const markBytes = 20

/**
 * `<db>.mark`, written after each commit that added to the journal. SQLite silently drops a write-ahead
 * log from its first broken frame on; only something outside the log can tell. Never flushed: the mark
 * may fall behind what is recorded, which means nothing, and is never ahead of it while the log is whole.
 */
export class CommitMark {
  readonly #descriptor: number
  readonly #record = Buffer.alloc(markBytes)
  readonly #checked: Buffer
  #position = -1

  /** @throws StorageError */
  constructor(path: string, isDurable: boolean) {
    const markPath = markPathOf(path)
    try {
      createPrivateFile(markPath)
      this.#descriptor = openSync(markPath, 'r+')
    } catch (thrown) {
      throw storageErrorOf(thrown, markPath)
    }
    head.copy(this.#record)
    this.#record[durablePlace] = isDurable ? 1 : 0
    this.#checked = this.#record.subarray(0, checksumPlace)
  }

  /** Follows the journal, also backwards. Costs about 1.2 µs; nothing when the position is unchanged. */
  write(position: number): void {
    if (position === this.#position) return
    const record = this.#record
    record.writeDoubleLE(position, positionPlace)
    record.writeUInt32LE(crc32(this.#checked), checksumPlace)
    try {
      writeSync(this.#descriptor, record, 0, markBytes, 0)
      this.#position = position
    } catch {
      // The commit itself has succeeded. A mark that stays behind raises no alarm, and the next commit
      // writes it again.
    }
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

/** What `<path>.mark` says; null when it is absent or does not match its checksum. */
export function readMark(path: string): Mark | null {
  let record: Buffer
  try {
    record = readFileSync(markPathOf(path))
  } catch {
    return null // as for a file that was restored from a backup
  }
  if (record.length < markBytes || !record.subarray(0, head.length).equals(head)) return null
  if (crc32(record.subarray(0, checksumPlace)) !== record.readUInt32LE(checksumPlace)) return null
  return { position: record.readDoubleLE(positionPlace), isDurable: record[durablePlace] === 1 }
}

/** Forgets the mark of an earlier file of that name. */
export function removeMark(path: string): void {
  rmSync(markPathOf(path), { force: true })
}

/**
 * Compares the file's newest position with a mark that was read before the file.
 *
 * @param options.onWarning told instead when the commits of the mark had not reached the disk, where a
 *   power cut loses the newest of them
 * @throws StorageError when the file lies behind the mark: committed work is missing
 */
export function checkMark(
  connection: DatabaseSync,
  path: string,
  options: {
    readonly mark: Mark | null
    readonly onWarning: (warning: OrchestrationError) => void
  },
): void {
  const { mark } = options
  if (mark === null || mark.position === 0) return
  const newest = newestPosition(connection)
  if (mark.position <= newest) return
  const missing = missingWork(path, mark.position, newest)
  if (mark.isDurable) throw missing
  options.onWarning(missing)
}

/** For whoever gave nobody to tell. */
export function emitWarning(warning: OrchestrationError): void {
  process.emitWarning(`${warning.message}; ${warning.hint ?? ''}`, 'StorageWarning')
}

/** The newest position of the journal; 0 when it is empty or there is none yet. */
function newestPosition(connection: DatabaseSync): number {
  const found = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'journal'").get()
  if (found === undefined) return 0
  const row = connection.prepare('SELECT max(position) AS newest FROM journal').get()
  return Number(row?.['newest'] ?? 0)
}

function missingWork(
  path: string,
  committedPosition: number,
  position: number,
): OrchestrationError {
  const missing = committedPosition - position
  const what =
    `committed work is missing: the journal ends at position ${position}, and ` +
    `${committedPosition} was committed (${missing} ${missing === 1 ? 'row' : 'rows'})`
  return damaged(path, what, {
    hint:
      'keep a copy of the file and of its -wal, then salvage with `aura recover`; ' +
      `if an older copy was put in its place on purpose, delete ${markPathOf(path)}`,
    details: { position, committedPosition, missing },
  })
}

function markPathOf(path: string): string {
  return `${path}.mark`
}
