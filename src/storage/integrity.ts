import type { DatabaseSync } from 'node:sqlite'
import type { OrchestrationError } from '../core/errors.ts'
import { damaged } from './storage-error.ts'

/**
 * Up to this size a file is checked whole whenever it is opened, at 2.3 ms per MB: 75 ms at most.
 * Above it the owner has it checked in a process of its own.
 */
export const integrityBytesMax = 33_554_432

/** How many faults of a file are told. */
const faultsMax = 10

/**
 * Compares every page, and every index with its table. `quick_check` would take 40 % of the time, but
 * does not notice an index that lacks a row or has another key, by which a row would never be found.
 *
 * @throws StorageError when the file is damaged; what SQLite throws
 */
export function checkIntegrity(connection: DatabaseSync, path: string): void {
  const rows = connection.prepare(`PRAGMA integrity_check(${faultsMax})`).all()
  const faults = rows.map((row) => String(row['integrity_check']))
  if (faults.length === 1 && faults[0] === 'ok') return
  throw faultsFound(path, faults)
}

/** The refusal of a file in which faults were found. */
export function faultsFound(path: string, faults: readonly string[]): OrchestrationError {
  return damaged(path, `it is damaged: ${faults[0] ?? 'the check gave no answer'}`, {
    details: { faults: [...faults] },
  })
}

/** Size of what a connection sees, its share of the write-ahead log included. */
export function contentBytes(connection: DatabaseSync): number {
  const pages = Number(connection.prepare('PRAGMA page_count').get()?.['page_count'])
  const pageBytes = Number(connection.prepare('PRAGMA page_size').get()?.['page_size'])
  return pages * pageBytes
}
