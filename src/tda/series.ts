import { readCsvRows, seriesError } from './csv-rows.ts'
import type { CsvRow } from './csv-rows.ts'
import { epochScaleMs, parseTimeText } from './time-text.ts'

/** One measurement: `t` in milliseconds since the epoch (or since row 1 without a time column). */
export interface SeriesPoint {
  readonly t: number
  readonly v: number
}

/** A whole series in memory. */
export interface Series {
  readonly column: string
  /** All columns that hold numbers, the chosen one included, in file order. */
  readonly columns: readonly string[]
  readonly points: readonly SeriesPoint[]
  /** Rows left out because the cell held no finite number. */
  readonly skipped: number
}

/** Time between rows of a file without a time column. */
export const rowIntervalMs = 1_000
/** How often the times of a file may step back, by at most an hour each: clocks are put back in autumn. */
const clockStepsMax = 3
const clockStepMsMax = 3_600_000
/** Largest share of rows whose cell may hold no number. */
const skippedShareMax = 0.25
/** Most points that are held in memory at once. */
export const seriesPointsMax = 1_000_000

const headRowsMax = 50
/** Of a text that is still being written only a header and a row are awaited. */
const liveHeadRowsMax = 2
const timeNames =
  /^(timestamp|time|date|datetime|date_?time|ts|t|epoch(_?ms)?|.*[ _]at|@timestamp|ds)$/i

interface Layout {
  readonly names: readonly string[]
  readonly timeIndex: number
  readonly timeScaleMs: number
  readonly numeric: readonly number[]
}

/** Reads one cell as a number; null for blanks, words, NaN and infinities. */
function readNumber(cell: string | undefined): number | null {
  if (cell === undefined || cell === '') return null
  const value = Number(cell)
  return Number.isFinite(value) ? value : null
}

const isBlank = (cell: string | undefined): boolean =>
  cell === undefined || /^(|nan|na|n\/a|null|none|-|[+-]?inf(inity)?)$/i.test(cell)

/** Decides from the first rows which columns are time and numbers. */
function layoutOf(
  path: string,
  head: readonly CsvRow[],
): { layout: Layout; rows: readonly CsvRow[] } {
  const first = head[0]
  if (first === undefined)
    throw seriesError(path, 'is empty', 'give a CSV file with at least one row')
  const isHeader = !first.cells.some(
    (cell) => readNumber(cell) !== null || parseTimeText(cell) !== null,
  )
  const rows = isHeader ? head.slice(1) : head
  if (rows.length === 0) {
    throw seriesError(
      `${path}:${first.line}`,
      'has a header and no rows',
      'give a CSV file with rows',
    )
  }
  const names = first.cells.map((cell, i) => (isHeader && cell !== '' ? cell : `column${i + 1}`))
  const cellsOf = (index: number): (string | undefined)[] => rows.map((row) => row.cells[index])
  const isNumeric = (index: number): boolean => {
    const cells = cellsOf(index)
    const full = cells.filter((cell) => !isBlank(cell))
    return (
      full.length > 0 && full.filter((cell) => readNumber(cell) !== null).length > full.length / 2
    )
  }
  const isDate = (index: number): boolean =>
    cellsOf(index).some((cell) => cell !== undefined && parseTimeText(cell) !== null)
  const all = names.map((_, index) => index)
  const named = all.find((index) => timeNames.test(names[index] as string) && isNumeric(index))
  const timeIndex = all.find(isDate) ?? (isHeader ? named : undefined) ?? -1
  const epoch = rows.map((row) => readNumber(row.cells[timeIndex])).find((value) => value !== null)
  return {
    layout: {
      names,
      timeIndex,
      timeScaleMs: epochScaleMs(epoch ?? 0),
      numeric: all.filter((index) => index !== timeIndex && isNumeric(index)),
    },
    rows,
  }
}

/** The index of the named column, or of the first that holds numbers. */
function chooseColumn(path: string, layout: Layout, column: string | undefined): number {
  const columns = layout.numeric.map((index) => layout.names[index] as string)
  const list =
    columns.length === 0 ? 'no column holds numbers' : `columns with numbers: ${columns.join(', ')}`
  if (column === undefined) {
    const first = layout.numeric[0]
    if (first !== undefined) return first
    throw seriesError(path, 'no column holds numbers', 'a series needs a column of numbers')
  }
  const index = layout.names.indexOf(column)
  if (index === -1) throw seriesError(path, `has no column '${column}'`, list)
  if (layout.numeric.includes(index)) return index
  throw seriesError(path, `column '${column}' holds no numbers`, list)
}

function timeOf(place: string, layout: Layout, row: CsvRow, rowIndex: number): number {
  if (layout.timeIndex === -1) return rowIndex * rowIntervalMs
  const cell = row.cells[layout.timeIndex] ?? ''
  const number = readNumber(cell)
  const atMs = number === null ? parseTimeText(cell) : number * layout.timeScaleMs
  if (atMs !== null) return atMs
  throw seriesError(
    place,
    `'${cell.slice(0, 60)}' is no time`,
    'use ISO 8601, YYYY-MM-DD HH:MM:SS or an epoch',
  )
}

/** One row of a table: its time and the value of each numeric column, NaN where there is none. */
interface TableRow {
  readonly line: number
  readonly t: number
  readonly values: readonly number[]
}

interface OpenTable {
  readonly layout: Layout
  readonly rows: AsyncGenerator<TableRow>
}

async function openTable(path: string, text?: AsyncIterable<string>): Promise<OpenTable> {
  const source = readCsvRows(path, text)
  const head: CsvRow[] = []
  while (head.length < (text === undefined ? headRowsMax : liveHeadRowsMax)) {
    const next = await source.next()
    if (next.done === true) break
    head.push(next.value)
  }
  const { layout, rows } = layoutOf(path, head)
  async function* read(): AsyncGenerator<TableRow> {
    let rowIndex = 0
    let lastMs = -Infinity
    let clockSteps = 0
    for await (const row of chain(rows, source)) {
      const place = `${path}:${row.line}`
      const t = timeOf(place, layout, row, rowIndex++)
      if (t < lastMs && (lastMs - t > clockStepMsMax || ++clockSteps > clockStepsMax)) {
        throw seriesError(
          place,
          'goes back in time',
          'sort the rows by their time column and try again',
        )
      }
      lastMs = t
      yield {
        line: row.line,
        t,
        values: layout.numeric.map((i) => readNumber(row.cells[i]) ?? NaN),
      }
    }
  }
  return { layout, rows: read() }
}

async function* chain(
  head: readonly CsvRow[],
  tail: AsyncGenerator<CsvRow>,
): AsyncGenerator<CsvRow> {
  yield* head
  yield* tail
}

/** A series that is read while it is used. */
export interface OpenSeries {
  readonly column: string
  readonly columns: readonly string[]
  /** May be walked once. Throws the `SeriesError` of the row it has come to. */
  readonly points: AsyncGenerator<SeriesPoint>
  /** Rows left out so far. */
  skipped(): number
}

/**
 * Opens a CSV file as a stream of points, in bounded memory.
 *
 * The time column is the first one with dates, else one named like a time that holds epoch seconds,
 * milliseconds, microseconds or nanoseconds; without any, rows are one second apart. `column` defaults to
 * the first other column with numbers. Cells without a finite number are skipped, up to a quarter of the rows.
 *
 * With `text`, that is read in place of the file and may still be written: `path` only names it, and columns are told
 * by its first two rows.
 *
 * @throws SeriesError with `file:line` when the file is empty, binary, not in order of time, or has no such column.
 */
export async function openSeries(
  path: string,
  options: {
    readonly column?: string | undefined
    readonly text?: AsyncIterable<string> | undefined
  } = {},
): Promise<OpenSeries> {
  const { layout, rows } = await openTable(path, options.text)
  const index = chooseColumn(path, layout, options.column)
  const place = layout.numeric.indexOf(index)
  const column = layout.names[index] as string
  let skipped = 0
  async function* points(): AsyncGenerator<SeriesPoint> {
    let count = 0
    for await (const row of rows) {
      const v = row.values[place] as number
      count++
      if (Number.isNaN(v)) skipped++
      else yield { t: row.t, v }
      if (count % 1_000 === 0) refuseGaps(`${path}:${row.line}`, column, { skipped, count })
    }
    refuseGaps(path, column, { skipped, count })
  }
  return {
    column,
    columns: layout.numeric.map((i) => layout.names[i] as string),
    points: points(),
    skipped: () => skipped,
  }
}

function refuseGaps(place: string, column: string, seen: { skipped: number; count: number }): void {
  if (seen.skipped <= seen.count * skippedShareMax) return
  throw seriesError(
    place,
    `${seen.skipped} of ${seen.count} rows hold no number in column '${column}'`,
    `at most ${skippedShareMax * 100} % may be missing; clean the file or name another column`,
  )
}

/**
 * Reads a whole CSV file as `openSeries` does.
 *
 * @throws SeriesError as `openSeries`, and when there are more than `seriesPointsMax` points.
 */
export async function readSeries(
  path: string,
  options: { readonly column?: string | undefined } = {},
): Promise<Series> {
  const open = await openSeries(path, options)
  const points: SeriesPoint[] = []
  for await (const point of open.points) {
    refuseTooMany(path, points.length)
    points.push(point)
  }
  return { column: open.column, columns: open.columns, points, skipped: open.skipped() }
}

function refuseTooMany(path: string, count: number): void {
  if (count < seriesPointsMax) return
  throw seriesError(
    path,
    `has over ${seriesPointsMax} points`,
    'thin the file out, or scan it as a stream',
  )
}

/** All numeric columns of a file, read while they are used. */
export interface OpenChannels {
  readonly columns: readonly string[]
  /** May be walked once: a time and one value per column, NaN where a cell holds none. Throws as `openSeries`' points. */
  readonly rows: AsyncIterable<{ readonly t: number; readonly values: readonly number[] }>
}

/**
 * Opens all numeric columns of a CSV file as a stream of rows, in bounded memory.
 *
 * @throws SeriesError as `openSeries`.
 */
export async function openChannels(path: string): Promise<OpenChannels> {
  const { layout, rows } = await openTable(path)
  return { columns: layout.numeric.map((i) => layout.names[i] as string), rows }
}

/** Neighbouring rows of a file with all their numeric columns (NaN where a cell holds none). */
export interface SeriesTable {
  readonly columns: readonly string[]
  readonly t: readonly number[]
  /** One list of values per column. */
  readonly values: readonly (readonly number[])[]
}

/**
 * Reads all numeric columns of the last `rowsMax` rows up to `untilMs` (milliseconds, inclusive).
 *
 * @throws SeriesError as `openSeries`.
 */
export async function readSeriesTable(
  path: string,
  options: { readonly untilMs: number; readonly rowsMax: number },
): Promise<SeriesTable> {
  const { layout, rows } = await openTable(path)
  let kept: TableRow[] = []
  for await (const row of rows) {
    if (row.t > options.untilMs) break
    kept.push(row)
    if (kept.length >= 2 * options.rowsMax) kept = kept.slice(-options.rowsMax)
  }
  kept = kept.slice(-options.rowsMax)
  return {
    columns: layout.numeric.map((i) => layout.names[i] as string),
    t: kept.map((row) => row.t),
    values: layout.numeric.map((_, i) => kept.map((row) => row.values[i] as number)),
  }
}
