/** Rows of cells as lines of text with columns under each other. */
export function alignedLines(
  rows: readonly (readonly string[])[],
  isNumeric: (column: number) => boolean,
): string {
  const widths: number[] = []
  for (const cells of rows) {
    for (const [column, cell] of cells.entries())
      widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => {
          const width = widths[column] ?? 0
          return isNumeric(column) ? cell.padStart(width) : cell.padEnd(width)
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** A number for people: whole above a thousand, else with two digits after the point. */
export function numberText(value: number): string {
  return Math.abs(value) >= 1_000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2)
}
