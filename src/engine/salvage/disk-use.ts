import { statSync } from 'node:fs'
import {
  type DatabaseReader,
  freeBytes,
  openReader,
  type TableSize,
  tableSizes,
} from '../../storage/index.ts'
import { type LargeExecution, largestExecutions } from './largest.ts'

/** Ages at which ended executions are removed; null keeps for ever. */
export interface RetentionAges {
  readonly endedBeforeMs: number | null
  readonly endedMax: number
  readonly deadLetterEndedBeforeMs: number | null
}

/** What a database file takes and why. */
export interface DiskUse {
  readonly path: string
  readonly fileBytes: number
  readonly walBytes: number
  /** Inside the file, of no use now: taken again before it grows. */
  readonly freeBytes: number
  /** With their indexes, the largest first. */
  readonly tables: readonly TableSize[]
  readonly executions: {
    readonly open: number
    readonly ended: number
    readonly tombstones: number
  }
  readonly blobs: { readonly count: number; readonly bytes: number }
  readonly deadLetters: number
  readonly largest: readonly LargeExecution[]
  /** True when the largest were looked for in a sample. */
  readonly isSampled: boolean
  /** What retention would remove now; the bytes are as much as so many executions take on average. */
  readonly retention: { readonly executions: number; readonly bytes: number }
}

const largestCount = 10

/**
 * Looks at a file of any size, also while an owner writes.
 *
 * @throws NotFoundError when there is none; StorageError
 */
export function diskUse(path: string, ages: RetentionAges): DiskUse {
  const reader = openReader(path)
  try {
    const tables = tableSizes(reader)
    const rowsOf = (name: string): number => tables.find((table) => table.name === name)?.rows ?? 0
    const bytesOf = (name: string): number =>
      tables.find((table) => table.name === name)?.bytes ?? 0
    const open = count(
      reader,
      'SELECT count(*) FROM executions WHERE namespace = 0 AND ended_at_ms < 0',
    )
    const executions = rowsOf('executions')
    const removable = removableCount(reader, ages)
    const bytesEach =
      executions === 0 ? 0 : (bytesOf('journal') + bytesOf('executions')) / executions
    return {
      path: reader.path,
      fileBytes: sizeOf(reader.path),
      walBytes: sizeOf(`${reader.path}-wal`),
      freeBytes: freeBytes(reader),
      tables,
      executions: { open, ended: executions - open, tombstones: rowsOf('tombstones') },
      blobs: { count: rowsOf('blobs'), bytes: bytesOf('blobs') },
      deadLetters: rowsOf('dead_letters'),
      ...largestExecutions(reader, largestCount),
      retention: { executions: removable, bytes: Math.round(removable * bytesEach) },
    }
  } finally {
    reader.close()
  }
}

/** Roots by the rules of retention, then all that belongs to them. */
function removableCount(reader: DatabaseReader, ages: RetentionAges): number {
  const endedRoot = 'namespace = 0 AND parent IS NULL AND ended_at_ms >= 0'
  const ended = count(reader, `SELECT count(*) FROM executions WHERE ${endedRoot}`)
  const excess = Math.max(0, ended - ages.endedMax)
  const sql = `
    WITH RECURSIVE
    with_letter (execution, parent) AS (
      SELECT e.execution, e.parent FROM dead_letters d JOIN executions e ON e.execution = d.execution
      UNION SELECT e.execution, e.parent FROM with_letter w JOIN executions e ON e.execution = w.parent),
    oldest (execution) AS (
      SELECT execution FROM executions WHERE ${endedRoot} ORDER BY execution LIMIT ${excess}),
    removed (execution) AS (
      SELECT execution FROM executions WHERE ${endedRoot}
        AND (ended_at_ms < ${ages.endedBeforeMs ?? -1} OR execution IN oldest)
        AND (ended_at_ms < ${ages.deadLetterEndedBeforeMs ?? -1}
          OR execution NOT IN (SELECT execution FROM with_letter))
      UNION ALL SELECT e.execution FROM removed r
        JOIN executions e ON e.namespace = 0 AND e.parent = r.execution)
    SELECT count(*) FROM removed`
  return count(reader, sql)
}

function count(reader: DatabaseReader, sql: string): number {
  return reader.read(() => Number(reader.prepare(`SELECT (${sql}) AS n`).get()?.['n'] ?? 0))
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
