import { fitLine, mean } from './robust-statistics.ts'

/** Autocorrelation at lags 0..`lagMax`, normalised so that lag 0 is 1; all 0 for a constant series. */
export function autocorrelation(values: ArrayLike<number>, lagMax: number): Float64Array {
  const n = values.length
  const middle = mean(values)
  const result = new Float64Array(Math.min(lagMax, Math.max(0, n - 1)) + 1)
  let energy = 0
  for (let i = 0; i < n; i++) energy += ((values[i] as number) - middle) ** 2
  if (energy <= 0) return result
  for (let lag = 0; lag < result.length; lag++) {
    let sum = 0
    for (let i = lag; i < n; i++) {
      sum += ((values[i] as number) - middle) * ((values[i - lag] as number) - middle)
    }
    // Dividing by the overlap keeps long lags comparable with short ones.
    result[lag] = (sum / (n - lag)) * (n / energy)
  }
  return result
}

/** A season: its length in samples and its autocorrelation, 0..1. */
export interface Period {
  readonly lag: number
  readonly strength: number
}

/**
 * The dominant period of a series, or null when nothing repeats.
 *
 * The trend line is taken out first; the answer is the earliest local peak of the autocorrelation that
 * comes within 10 % of the highest one, after the curve has fallen below 0.2 once. At least two
 * full periods must be present.
 */
export function findPeriod(values: ArrayLike<number>, strengthMin = 0.3): Period | null {
  const line = fitLine(values)
  const flat = Float64Array.from(values, (value, i) => value - line.intercept - line.slope * i)
  const curve = autocorrelation(flat, Math.floor(values.length / 2))
  let lag = 1
  while (lag < curve.length && (curve[lag] as number) > 0.2) lag++
  const peaks: Period[] = []
  for (lag = Math.max(lag, 3); lag + 1 < curve.length; lag++) {
    const here = curve[lag] as number
    if (here < strengthMin || here < (curve[lag - 1] as number)) continue
    if (here >= (curve[lag + 1] as number)) peaks.push({ lag, strength: Math.min(1, here) })
  }
  if (peaks.length === 0) return null
  const highest = Math.max(...peaks.map((peak) => peak.strength))
  return peaks.find((peak) => peak.strength >= 0.9 * highest) ?? null
}

/** The first lag at which the autocorrelation falls to 1/e, within 1..`lagMax`: a usual delay for an embedding. */
export function decorrelationLag(values: ArrayLike<number>, lagMax: number): number {
  const curve = autocorrelation(values, lagMax)
  for (let lag = 1; lag < curve.length; lag++) {
    if ((curve[lag] as number) <= Math.exp(-1)) return lag
  }
  return Math.max(1, Math.min(lagMax, curve.length - 1))
}
