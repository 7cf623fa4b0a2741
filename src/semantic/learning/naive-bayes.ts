import type { LinearModel } from './row.ts'
import type { LabelledRows } from './softmax.ts'

/** Added to every count, so that a column no class has seen says little. */
const smoothing = 0.03

/**
 * Complement naive Bayes: a weight is the logarithm of how much likelier a column is in the class than in
 * all others (Rennie et al., ICML 2003, without the class prior). One look at the rows is all it takes, and it
 * errs differently from regression, above all where classes have few rows.
 */
export function complementBayes(examples: LabelledRows): LinearModel {
  const { classes, columns, rows, labels } = examples
  const matrix = new Float32Array(columns * classes)
  const ofColumn = new Float64Array(columns)
  const ofClass = new Float64Array(classes)
  let total = 0
  for (const [n, row] of rows.entries()) {
    for (let c = 0; c < row.columns.length; c++) {
      const value = row.values[c]!
      matrix[row.columns[c]! * classes + labels[n]!]! += value
      ofColumn[row.columns[c]!]! += value
      ofClass[labels[n]!]! += value
      total += value
    }
  }
  const spread = smoothing * columns
  const offsets = Float64Array.from(
    ofClass,
    (inside) => Math.log(total - inside + spread) - Math.log(inside + spread),
  )
  for (let column = 0; column < columns; column++) {
    const all = ofColumn[column]! + smoothing
    for (let k = 0; k < classes; k++) {
      const at = column * classes + k
      const inside = matrix[at]!
      matrix[at] = Math.log((inside + smoothing) / (all - inside)) + offsets[k]!
    }
  }
  return { classes, matrix, bias: new Float32Array(classes) }
}
