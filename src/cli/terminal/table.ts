import { displayWidth, padToWidth } from './width.ts'
import { wrapWords } from './wrap-words.ts'

const gap = 2

/** Where a table is written; nothing is wrapped unless it is a terminal. */
export interface TableTarget {
  readonly isTTY?: boolean
  readonly columns?: number
}

/**
 * Rows of cells as lines with columns of one width each, two blanks apart. On a terminal that is too
 * narrow the widest columns are wrapped between words; where not even single words fit, the cells of a
 * row stand below each other.
 */
export function tableLines(
  rows: readonly (readonly string[])[],
  target: TableTarget = {},
): string[] {
  const widths = columnWidths(rows, displayWidth)
  const columns = target.isTTY === true ? (target.columns ?? 80) : Number.POSITIVE_INFINITY
  if (totalWidth(widths) <= columns) return rows.map((row) => rowLine(row, widths))
  const least = columnWidths(rows, longestWord)
  if (totalWidth(least) > columns) return rows.flatMap((row) => stackedLines(row, columns))
  const fitting = shrunk(widths, least, columns)
  return rows.flatMap((row) => wrappedLines(row, fitting))
}

function columnWidths(
  rows: readonly (readonly string[])[],
  widthOf: (cell: string) => number,
): number[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(cell))
  }
  return widths
}

function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + gap * Math.max(0, widths.length - 1)
}

function longestWord(cell: string): number {
  return Math.max(0, ...cell.split(' ').map(displayWidth))
}

/** Takes columns away where there are most to spare. */
function shrunk(widths: readonly number[], least: readonly number[], columns: number): number[] {
  const fitting = [...widths]
  for (let excess = totalWidth(fitting) - columns; excess > 0; excess--) {
    let widest = -1
    for (const [i, width] of fitting.entries()) {
      const isFree = width > (least[i] as number)
      if (isFree && (widest < 0 || width > (fitting[widest] as number))) widest = i
    }
    fitting[widest] = (fitting[widest] as number) - 1
  }
  return fitting
}

function rowLine(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, i) => padToWidth(cell, widths[i] as number))
    .join(' '.repeat(gap))
    .trimEnd()
}

function wrappedLines(row: readonly string[], widths: readonly number[]): string[] {
  const cells = row.map((cell, i) => wrapWords(cell, widths[i] as number))
  const height = Math.max(1, ...cells.map((lines) => lines.length))
  return Array.from({ length: height }, (_, at) =>
    rowLine(
      cells.map((lines) => lines[at] ?? ''),
      widths,
    ),
  )
}

function stackedLines(row: readonly string[], columns: number): string[] {
  const [first = '', ...rest] = row
  const inside = rest.filter((cell) => displayWidth(cell) > 0)
  return [
    ...wrapWords(first, columns),
    ...inside.flatMap((cell) => wrapWords(cell, columns - gap).map((line) => `  ${line}`)),
  ]
}
