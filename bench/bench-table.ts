import { alignedLines, numberText } from './aligned-lines.ts'
import type { BenchRow } from './bench-row.ts'

const numericColumns = new Set([2, 4, 5])

/** The rows for people: one line each, in aligned columns. */
export function benchTable(rows: readonly BenchRow[]): string {
  const head = ['workload', 'metric', 'value', 'unit', 'floor', 'ratio']
  return alignedLines([head, ...rows.map(cellsOf)], (column) => numericColumns.has(column))
}

function cellsOf({ workload, metric, value, unit, floor, ratio }: BenchRow): readonly string[] {
  const [floorText, ratioText] = [floor, ratio].map((one) => (one === null ? '-' : numberText(one)))
  return [workload, metric, numberText(value), unit, floorText ?? '-', ratioText ?? '-']
}
