import { autocorrelation, findPeriod } from './periodicity.ts'
import { median, medianAndSigma } from './robust-statistics.ts'

/** What a baseline says about the values after it. */
export interface SeasonModel {
  /** Period in points, with a fraction; null for no season. */
  readonly period: number | null
  /** Robust standard deviation of the baseline around the model, never 0. */
  readonly sigma: number
  readonly level: number
  /** The season's share at row i after the baseline; 0 without a season. */
  seasonAt(i: number): number
}

const cyclesMax = 4

/**
 * Learns level, season and noise from the values before a window. The season at a phase is the median of
 * the same phase, and its neighbours, in the last four periods.
 */
export function learnSeason(baseline: Float64Array): SeasonModel {
  const plain = medianAndSigma(baseline)
  const floor = Math.max(1e-9 * Math.abs(plain.median), 1e-12)
  const found = findPeriod(baseline, 0.45)
  if (found === null || baseline.length < 2 * found.lag + 2) {
    return {
      period: null,
      level: plain.median,
      sigma: Math.max(plain.sigma, floor),
      seasonAt: () => 0,
    }
  }
  const period = refinePeriod(baseline, found.lag)
  const level = plain.median
  const predict = (end: number, i: number): number => {
    const alike: number[] = []
    const cycle = Math.floor(i / period) + 1
    for (let back = cycle; back < cycle + cyclesMax; back++) {
      const at = end + i - back * period
      for (const near of [-1, 0, 1]) {
        const value = interpolate(baseline, Math.min(at + near, end - 1))
        if (value !== null) alike.push(value)
      }
    }
    return alike.length === 0 ? 0 : median(alike) - level
  }
  // The noise is what the model leaves over on the last period when it is told only what came before.
  const end = baseline.length - Math.floor(period)
  const left = Float64Array.from({ length: Math.floor(period) }, (_, i) => {
    return (baseline[end + i] as number) - level - predict(end, i)
  })
  const sigma = Math.max(medianAndSigma(left).sigma, floor)
  return { period, level, sigma, seasonAt: (i) => predict(baseline.length, i) }
}

function interpolate(values: Float64Array, at: number): number | null {
  const below = Math.floor(at)
  const low = values[below]
  if (low === undefined) return null
  return low + ((values[below + 1] ?? low) - low) * (at - below)
}

/** Peaks at later multiples of the period fix its fraction: an error of a tenth adds up over the cycles. */
function refinePeriod(values: Float64Array, lag: number): number {
  const curve = autocorrelation(values, Math.floor(values.length * 0.7))
  let period = lag
  for (let multiple = 2; multiple * period + 2 < curve.length; multiple++) {
    const reach = Math.max(1, Math.round(period / 8))
    const expected = Math.round(multiple * period)
    let best = expected
    for (let at = expected - reach; at <= Math.min(expected + reach, curve.length - 1); at++) {
      if ((curve[at] as number) > (curve[best] as number)) best = at
    }
    if ((curve[best] as number) < 0.2) break
    period = best / multiple
  }
  return period
}
