import type { Random } from '../../core/random.ts'
import { type LinearModel, type Row, scoreInto } from './row.ts'

/** What is learned from: `labels[n]`, from 0 to `classes - 1`, is the class of `rows[n]`. */
export interface LabelledRows {
  readonly rows: readonly Row[]
  readonly labels: Int32Array
  readonly classes: number
  /** Columns that a row may have. */
  readonly columns: number
}

export interface SoftmaxOptions {
  /** How often each row is learned from. */
  readonly passes: number
  readonly rate: number
  /** Gives the order of the rows. */
  readonly random: Random
}

/** Errors of a class's probability below this teach nothing; leaving them out makes training several times faster. */
const errorMin = 0.01
const firstSquare = 1e-3
const biasRate = 0.1

/**
 * Multinomial logistic regression by stochastic gradient descent with a step size per weight (AdaGrad:
 * Duchi, Hazan, Singer, JMLR 12, 2011). Without a penalty: few passes are what keeps it from overfitting.
 */
export function trainSoftmax(examples: LabelledRows, options: SoftmaxOptions): LinearModel {
  const { classes, columns, rows, labels } = examples
  const model = {
    classes,
    matrix: new Float32Array(columns * classes),
    bias: new Float32Array(classes),
  }
  const course: Course = {
    model,
    rate: options.rate,
    squares: new Float32Array(model.matrix.length).fill(firstSquare),
    biasSquares: new Float32Array(classes).fill(firstSquare),
    errors: new Float64Array(classes),
    taught: new Int32Array(classes),
  }
  const order = Int32Array.from(rows, (_, n) => n)
  for (let pass = 0; pass < options.passes; pass++) {
    shuffle(order, options.random)
    for (const n of order) {
      const count = errorsOf(course, rows[n]!, labels[n]!)
      if (count > 0) descend(course, rows[n]!, count)
    }
  }
  return model
}

/** A training under way. */
interface Course {
  readonly model: LinearModel
  readonly rate: number
  /** Sums of the squares of all slopes so far, of the matrix and of the bias. */
  readonly squares: Float32Array
  readonly biasSquares: Float32Array
  /** What each class's probability is too high by, for the row at hand. */
  readonly errors: Float64Array
  /** The classes whose error is worth teaching. */
  readonly taught: Int32Array
}

/** Takes one step down for the first `count` of the `taught` classes. */
function descend(
  { model, rate, squares, biasSquares, errors, taught }: Course,
  row: Row,
  count: number,
) {
  const { matrix, bias, classes } = model
  for (let t = 0; t < count; t++) {
    const k = taught[t]!
    const error = errors[k]!
    biasSquares[k]! += error * error
    bias[k]! -= (rate * biasRate * error) / Math.sqrt(biasSquares[k]!)
  }
  for (let c = 0; c < row.columns.length; c++) {
    const start = row.columns[c]! * classes
    const value = row.values[c]!
    for (let t = 0; t < count; t++) {
      const at = start + taught[t]!
      const slope = errors[taught[t]!]! * value
      const square = squares[at]! + slope * slope
      squares[at] = square
      matrix[at]! -= (rate * slope) / Math.sqrt(square)
    }
  }
}

/** Turns scores into probabilities, in place. The higher the temperature, the more alike they are. */
export function softmax(scores: Float64Array, temperature = 1): Float64Array {
  let highest = -Infinity
  for (const score of scores) if (score > highest) highest = score
  let sum = 0
  for (let k = 0; k < scores.length; k++) {
    const power = Math.exp((scores[k]! - highest) / temperature)
    scores[k] = power
    sum += power
  }
  for (let k = 0; k < scores.length; k++) scores[k]! /= sum
  return scores
}

/** Fills `errors` and `taught` for a row; returns how many classes are worth teaching. */
function errorsOf({ model, errors, taught }: Course, row: Row, label: number): number {
  scoreInto(errors, model, row)
  softmax(errors)
  errors[label]! -= 1
  let count = 0
  for (let k = 0; k < errors.length; k++)
    if (errors[k]! > errorMin || errors[k]! < -errorMin) taught[count++] = k
  return count
}

/** Fisher and Yates. */
function shuffle(order: Int32Array, random: Random): void {
  for (let n = order.length - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1))
    const kept = order[n]!
    order[n] = order[other]!
    order[other] = kept
  }
}
