const windowPoints = 6_400
const stepPoints = 100

/**
 * The benchmark's baseline: how far a value lies from the mean of a sliding window, as the probability that a
 * normal distribution gives values nearer to the mean on one side. The window is the last 6,400 points, moved on by
 * 100 points at a time once it is full. Scores have twelve digits, as in the benchmark's published result files, so
 * that everything beyond seven deviations is equally strange.
 */
export function windowedGaussian(values: readonly number[]): Float64Array {
  const scores = new Float64Array(values.length)
  let mean = 0
  let deviation = 1
  for (const [i, value] of values.entries()) {
    if (i > 0) scores[i] = twelveDigits(1 - upperTail(Math.abs(value - mean) / deviation))
    const isFull = i >= windowPoints
    if (isFull && (i + 1 - windowPoints) % stepPoints !== 0) continue
    ;({ mean, deviation } = momentsOf(values, Math.max(0, i + 1 - windowPoints), i + 1))
  }
  return scores
}

const twelveDigits = (value: number): number => Number(value.toPrecision(12))

function momentsOf(
  values: readonly number[],
  from: number,
  to: number,
): { mean: number; deviation: number } {
  let sum = 0
  for (let i = from; i < to; i++) sum += values[i] as number
  const mean = sum / (to - from)
  let squares = 0
  for (let i = from; i < to; i++) squares += ((values[i] as number) - mean) ** 2
  const deviation = Math.sqrt(squares / (to - from))
  return { mean, deviation: deviation === 0 ? 1e-6 : deviation }
}

/** The probability that a standard normal variable is over `z` ≥ 0; relative error below 1e-13. */
export function upperTail(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  if (z > 3) {
    // Laplace's continued fraction.
    let fraction = z
    for (let k = 120; k >= 1; k--) fraction = z + k / fraction
    return density / fraction
  }
  let term = z
  let sum = z
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
    term *= (z * z) / (2 * k + 1)
    sum += term
  }
  return 0.5 - density * sum
}
