/** A logistic regression of a few features: the probability is 1 / (1 + exp(-(bias + weights · features))). */
export interface Logistic {
  readonly weights: readonly number[]
  readonly bias: number
}

/** An example of a yes or no question. */
export interface Judged {
  readonly features: readonly number[]
  readonly isTrue: boolean
}

const steps = 400
const rate = 0.5
const penalty = 1e-3

/**
 * Fits by gradient descent on standardised features. Yes and no count equally however many there are of each.
 * Null when one of them has no example.
 */
export function fitLogistic(examples: readonly Judged[]): Logistic | null {
  const yes = examples.filter(({ isTrue }) => isTrue).length
  const no = examples.length - yes
  if (yes === 0 || no === 0) return null
  const { means, spreads } = moments(examples)
  const rows = examples.map(({ features }) =>
    features.map((value, f) => (value - means[f]!) / spreads[f]!),
  )
  const weights = means.map(() => 0)
  let bias = 0
  for (let step = 0; step < steps; step++) {
    const slopes = weights.map((weight) => penalty * weight)
    let biasSlope = 0
    for (const [n, row] of rows.entries()) {
      const { isTrue } = examples[n]!
      const error = (sigmoid(bias + dot(weights, row)) - (isTrue ? 1 : 0)) / (isTrue ? yes : no)
      biasSlope += error
      for (const [f, value] of row.entries()) slopes[f]! += error * value
    }
    bias -= rate * biasSlope
    for (const [f, slope] of slopes.entries()) weights[f]! -= rate * slope
  }
  const plain = weights.map((weight, f) => weight / spreads[f]!)
  return { weights: plain, bias: bias - dot(plain, means) }
}

/** The probability of yes. */
export function judge({ weights, bias }: Logistic, features: readonly number[]): number {
  return sigmoid(bias + dot(weights, features))
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (const [n, value] of a.entries()) sum += value * b[n]!
  return sum
}

function moments(examples: readonly Judged[]) {
  const width = examples[0]!.features.length
  const means = Array.from({ length: width }, (_, f) => mean(examples.map((e) => e.features[f]!)))
  const spreads = means.map(
    (middle, f) => Math.sqrt(mean(examples.map((e) => (e.features[f]! - middle) ** 2))) || 1,
  )
  return { means, spreads }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
