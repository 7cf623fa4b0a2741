import type { Embedding } from '../embedder.ts'

/** One text as a model sees it: `values[n]` in column `columns[n]`, everything else zero. */
export interface Row {
  readonly columns: Int32Array
  readonly values: Float32Array
}

/** Makes rows of embeddings. */
export interface Columns {
  /** How many columns there are. */
  readonly count: number
  row(embedding: Embedding): Row
}

/** A linear model: the score of class `k` is `bias[k]` plus the row's values times `matrix[column * classes + k]`. */
export interface LinearModel {
  readonly classes: number
  readonly matrix: Float32Array
  readonly bias: Float32Array
}

/** How many columns rows have whose columns ascend. */
export function columnsOf(rows: readonly Row[]): number {
  return rows.reduce((most, { columns }) => Math.max(most, (columns.at(-1) ?? -1) + 1), 0)
}

/** Fills `scores` with the score of each class. Four columns are added at a time, which halves the time. */
export function scoreInto(scores: Float64Array, { classes, matrix, bias }: LinearModel, row: Row) {
  const { columns, values } = row
  scores.set(bias)
  const whole = columns.length - (columns.length % 4)
  for (let n = 0; n < whole; n += 4) {
    const a = columns[n]! * classes
    const b = columns[n + 1]! * classes
    const c = columns[n + 2]! * classes
    const d = columns[n + 3]! * classes
    const va = values[n]!
    const vb = values[n + 1]!
    const vc = values[n + 2]!
    const vd = values[n + 3]!
    for (let k = 0; k < classes; k++)
      scores[k]! +=
        va * matrix[a + k]! + vb * matrix[b + k]! + vc * matrix[c + k]! + vd * matrix[d + k]!
  }
  for (let n = whole; n < columns.length; n++) {
    const a = columns[n]! * classes
    const va = values[n]!
    for (let k = 0; k < classes; k++) scores[k]! += va * matrix[a + k]!
  }
}
