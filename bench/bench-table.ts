import type { BenchRow } from './bench-row.ts'

/** The rows for people: one line each, in aligned columns. */
export function benchTable(rows: readonly BenchRow[]): string {
  const head = ['workload', 'metric', 'value', 'unit', 'floor', 'ratio']
  const lines = [head, ...rows.map(cellsOf)]
  const widths = head.map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0)),
  )
  return lines.map((cells) => alignedLine(cells, widths)).join('\n')
}

const numericColumns = new Set([2, 4, 5])

function cellsOf({ workload, metric, value, unit, floor, ratio }: BenchRow): readonly string[] {
  return [workload, metric, numberText(value), unit, numberText(floor), ratio?.toFixed(2) ?? '-']
}

function alignedLine(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((cell, column) => {
    const width = widths[column] ?? 0
    return numericColumns.has(column) ? cell.padStart(width) : cell.padEnd(width)
  })
  return padded.join('  ').trimEnd()
}

function numberText(value: number | null): string {
  if (value === null) return '-'
  return Math.abs(value) >= 1_000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2)
}
