import type { DatabaseReader } from '../../storage/index.ts'
import { SqliteJournalReader } from '../journal/sqlite-reader.ts'

/** How much of the journal an execution takes. */
export interface LargeExecution {
  readonly executionId: string
  readonly workflow: string
  readonly status: string
  readonly journalRows: number
  /** Of the stored payloads; values over 32 KiB lie elsewhere and count with their names alone. */
  readonly journalBytes: number
}

/** A journal with more rows is not read whole: 0.5 s. */
const exactRowsMaxDefault = 500_000
const sampledBlocks = 200
const blockRows = 250
const candidatesMax = 200

/**
 * The executions whose journals take the most, the largest first.
 *
 * In a journal over 500,000 rows they are looked for among those with the most rows and those that stand
 * out in a sample of 50,000 rows; what is said of each is exact all the same.
 */
export function largestExecutions(
  reader: DatabaseReader,
  count: number,
  exactRowsMax = exactRowsMaxDefault,
): { readonly largest: readonly LargeExecution[]; readonly isSampled: boolean } {
  const rows = numberOf(reader, 'SELECT count(*) FROM journal')
  const isSampled = rows > exactRowsMax
  const numbers = isSampled ? candidates(reader) : heaviest(reader, 'TRUE', count)
  const journal = new SqliteJournalReader(reader)
  const size = reader.prepare(`
    SELECT count(*) AS rows, coalesce(sum(octet_length(payload)), 0) AS bytes FROM journal
    WHERE namespace = 0 AND execution = ?`)
  const largest: LargeExecution[] = []
  for (const number of numbers) {
    const row = journal.ofNumber(number)
    if (row === undefined) continue
    const { executionId, workflow, status } = row
    const found = reader.read(() => size.get(number))
    const journalRows = Number(found?.['rows'])
    largest.push({
      executionId,
      workflow,
      status,
      journalRows,
      journalBytes: Number(found?.['bytes']),
    })
  }
  largest.sort((a, b) => b.journalBytes - a.journalBytes)
  return { largest: largest.slice(0, count), isSampled }
}

function candidates(reader: DatabaseReader): ReadonlySet<number> {
  const mostRows = reader.read(() =>
    reader
      .prepare(
        `SELECT execution FROM journal INDEXED BY journal_by_execution WHERE namespace = 0
         GROUP BY execution ORDER BY count(*) DESC LIMIT ${candidatesMax}`,
      )
      .all(),
  )
  const found = new Set(mostRows.map((row) => Number(row['execution'])))
  const first = numberOf(reader, 'SELECT min(position) FROM journal')
  const last = numberOf(reader, 'SELECT max(position) FROM journal')
  const step = Math.max(blockRows, Math.floor((last - first + 1) / sampledBlocks))
  const blocks = Array.from({ length: sampledBlocks }, (_, i) => first + i * step)
  const inSample = blocks.map((at) => `position BETWEEN ${at} AND ${at + blockRows - 1}`)
  for (const number of heaviest(reader, inSample.join(' OR '), candidatesMax)) found.add(number)
  return found
}

function heaviest(reader: DatabaseReader, condition: string, count: number): readonly number[] {
  const sql = `SELECT execution, octet_length(payload) AS bytes FROM journal WHERE ${condition}`
  const bytes = new Map<number, number>()
  reader.read(() => {
    for (const row of reader.prepare(sql).iterate()) {
      const execution = Number(row['execution'])
      bytes.set(execution, (bytes.get(execution) ?? 0) + Number(row['bytes']))
    }
  })
  return [...bytes]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, count)
    .map(([execution]) => execution)
}

function numberOf(reader: DatabaseReader, sql: string): number {
  return reader.read(() => Number(reader.prepare(`SELECT (${sql}) AS n`).get()?.['n'] ?? 0))
}
