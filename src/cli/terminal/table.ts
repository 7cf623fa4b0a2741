import { displayWidth, padToWidth } from './width.ts'

/** Rows of cells as lines with columns of one width each, two blanks apart. */
export function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, displayWidth(cell))
  }
  return rows.map((row) =>
    row
      .map((cell, i) => padToWidth(cell, widths[i] as number))
      .join('  ')
      .trimEnd(),
  )
}
