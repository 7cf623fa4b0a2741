/** Turns a median absolute deviation into a standard deviation, for normal data. */
const madToSigma = 1.4826

/** The finite values in ascending order, as a new array. */
function sorted(values: ArrayLike<number>): Float64Array {
  return new Float64Array(values).sort()
}

/** The `fraction` quantile (0 to 1) of ascending values, interpolated; 0 for no values. */
export function quantileOfSorted(ascending: ArrayLike<number>, fraction: number): number {
  const last = ascending.length - 1
  if (last < 0) return 0
  const position = Math.min(Math.max(fraction, 0), 1) * last
  const below = Math.floor(position)
  const low = ascending[below] as number
  const high = ascending[Math.min(below + 1, last)] as number
  return low + (high - low) * (position - below)
}

/** The median of values in any order; 0 for no values. */
export function median(values: ArrayLike<number>): number {
  return quantileOfSorted(sorted(values), 0.5)
}

/** The median and the median absolute deviation scaled to a standard deviation (0 for constant values). */
export function medianAndSigma(values: ArrayLike<number>): { median: number; sigma: number } {
  const middle = median(values)
  const deviations = new Float64Array(values.length)
  for (let i = 0; i < deviations.length; i++)
    deviations[i] = Math.abs((values[i] as number) - middle)
  return { median: middle, sigma: madToSigma * quantileOfSorted(deviations.sort(), 0.5) }
}

/** The arithmetic mean; 0 for no values. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] as number
  return values.length === 0 ? 0 : sum / values.length
}

/** First differences: one value fewer than given. */
export function differences(values: ArrayLike<number>): Float64Array {
  const steps = new Float64Array(Math.max(0, values.length - 1))
  for (let i = 0; i < steps.length; i++)
    steps[i] = (values[i + 1] as number) - (values[i] as number)
  return steps
}

/**
 * Pearson correlation of the common length, in -1..1; 0 when either side is constant. Deviations are scaled before
 * they are squared, so that neither huge nor tiny values leave the range of numbers.
 */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = Math.min(a.length, b.length)
  const left = scaledDeviations(a, n)
  const right = scaledDeviations(b, n)
  let cross = 0
  let squaresA = 0
  let squaresB = 0
  for (let i = 0; i < n; i++) {
    const da = left[i] as number
    const db = right[i] as number
    cross += da * db
    squaresA += da * da
    squaresB += db * db
  }
  const size = Math.sqrt(squaresA * squaresB)
  return size > 0 ? Math.min(1, Math.max(-1, cross / size)) : 0
}

/** Deviations of the first `n` values from their mean as shares of the largest one; all 0 for constant values. */
function scaledDeviations(values: ArrayLike<number>, n: number): Float64Array {
  let sum = 0
  for (let i = 0; i < n; i++) sum += (values[i] as number) / n
  let largest = 0
  for (let i = 0; i < n; i++) largest = Math.max(largest, Math.abs((values[i] as number) - sum))
  const deviations = new Float64Array(n)
  // Rounding of the mean must not make a constant series vary.
  if (largest <= 1e-12 * Math.abs(sum) || !Number.isFinite(largest)) return deviations
  for (let i = 0; i < n; i++) deviations[i] = ((values[i] as number) - sum) / largest
  return deviations
}

/** The least-squares line `intercept + slope · index` and the sum of its squared residuals. */
export function fitLine(values: ArrayLike<number>): {
  slope: number
  intercept: number
  squaredError: number
} {
  const n = values.length
  if (n === 0) return { slope: 0, intercept: 0, squaredError: 0 }
  const middleX = (n - 1) / 2
  const middleY = mean(values)
  let cross = 0
  let squares = 0
  for (let i = 0; i < n; i++) {
    cross += (i - middleX) * ((values[i] as number) - middleY)
    squares += (i - middleX) ** 2
  }
  const slope = squares > 0 ? cross / squares : 0
  const intercept = middleY - slope * middleX
  let squaredError = 0
  for (let i = 0; i < n; i++) squaredError += ((values[i] as number) - intercept - slope * i) ** 2
  return { slope, intercept, squaredError }
}
