import { anomalyKinds } from './anomaly.ts'
import type { AnomalyKind } from './anomaly.ts'
import { delayEmbedding, distanceMatrix, maxminSample } from './embedding.ts'
import { ripsPersistence } from './persistence.ts'
import { decorrelationLag } from './periodicity.ts'
import { differences, median } from './robust-statistics.ts'
import { bestLevel, bestRamp, bestSpike, bestVariance, prefixSums } from './segment-fits.ts'
import { learnSeason } from './season-model.ts'

/** The verdict on one window. */
export interface Classification {
  readonly kind: AnomalyKind
  /** 0..1: how much better the kind explains the window than the next one. */
  readonly confidence: number
  /** Size of the change in robust standard deviations of the baseline, signed; for a variance change the ratio of scales. */
  readonly magnitude: number
  /** Cost of each explanation in units of log-likelihood; smaller is better. */
  readonly costs: Readonly<Record<AnomalyKind, number>>
}

// Chosen on generated series with seeds 1 to 200.
const flatShareMin = 0.15
const loopLostBelow = 0.5
const loopWeight = 3
const roughnessWeight = 25
const roughnessUsual = 0.6
const lossMin = 8

interface Loss {
  readonly squared: number
  readonly from: number
  readonly to: number
  /** What the season swings by when it is there. */
  readonly amplitude: number
}

/**
 * Names the kind of anomaly in `window`, given the normal values just before it (at least 16).
 *
 * Season, level and noise of the baseline are taken out of the window; each kind is then a model of what is left
 * (a few points, a level from a start to an end, a ramp, the season missing, another variance), and the
 * smallest Bayesian information criterion wins. A lost loop in the delay embedding speaks for a lost
 * period; a flat line is told by its run of equal values.
 */
export function classify(window: Float64Array, baseline: Float64Array): Classification {
  const model = learnSeason(baseline)
  const season = Float64Array.from(window, (_, i) => model.seasonAt(i) / model.sigma)
  const left = Float64Array.from(
    window,
    (value, i) => (value - model.level) / model.sigma - (season[i] as number),
  )
  const n = Math.max(1, window.length)
  const penalty = Math.log(n)
  const bic = (squared: number, parameters: number): number =>
    n * Math.log(Math.max(squared / n, 0.3)) + parameters * penalty

  const spike = bestSpike(left)
  const level = bestLevel(left)
  const ramp = bestRamp(left)
  const roughness = roughnessChange(window, baseline)
  const variance = bestVariance(left)
  const loss = model.period === null ? null : bestLoss(left, season)
  const run = flatRun(window, baseline)

  const costs: Record<AnomalyKind, number> = {
    spike: bic(spike.squared, 2),
    levelShift: bic(level.squared, 3),
    trend: bic(ramp.squared, 3),
    periodicityLoss:
      loss === null
        ? Infinity
        : bic(loss.squared, 3) + loopCost(window.subarray(loss.from, loss.to), baseline),
    varianceChange: variance.cost + 3 * penalty - roughnessWeight * roughness,
    flatLine: run.share >= flatShareMin ? -Infinity : Infinity,
  }
  const kind = anomalyKinds.reduce((best, next) => (costs[next] < costs[best] ? next : best))
  const magnitudes: Record<AnomalyKind, number> = {
    spike: spike.height,
    levelShift: level.height,
    trend: ramp.height,
    periodicityLoss: loss?.amplitude ?? 0,
    varianceChange: variance.ratio,
    flatLine: run.share,
  }
  return { kind, confidence: confidenceOf(costs, kind), magnitude: magnitudes[kind], costs }
}

function confidenceOf(costs: Readonly<Record<AnomalyKind, number>>, kind: AnomalyKind): number {
  const others = anomalyKinds.filter((other) => other !== kind).map((other) => costs[other])
  const gap = Math.min(...others) - costs[kind]
  return Number.isFinite(gap) ? 1 - Math.exp(-gap / 10) / 2 : 1
}

/** The stretch in which leaving the season out explains most. */
function bestLoss(left: Float64Array, season: Float64Array): Loss {
  const n = left.length
  const unseasoned = left.map((value, i) => value + (season[i] as number))
  const squares = prefixSums(left, (value) => value * value)
  const sums = prefixSums(unseasoned, (value) => value)
  const squaresThere = prefixSums(unseasoned, (value) => value * value)
  const all = squares[n] as number
  const amplitude = Math.max(...season) - Math.min(...season)
  let best: Loss = { squared: all, from: n, to: n, amplitude }
  for (let from = 0; from + lossMin <= n; from++) {
    for (let to = from + lossMin; to <= n; to++) {
      const sum = (sums[to] as number) - (sums[from] as number)
      // The mean may differ there, but the season must be gone.
      const inside =
        (squaresThere[to] as number) - (squaresThere[from] as number) - (sum * sum) / (to - from)
      const squared = all - (squares[to] as number) + (squares[from] as number) + inside
      if (squared < best.squared) best = { squared, from, to, amplitude }
    }
  }
  return best
}

/** Length of the longest loop in the delay embedding, 0 when there is none. */
function longestLoop(values: Float64Array, delay: number): number {
  const cloud = maxminSample(delayEmbedding(values, { dimension: 3, delay }), 60)
  const { h1 } = ripsPersistence(distanceMatrix(cloud), cloud.count)
  return h1.reduce((longest, bar) => Math.max(longest, bar.death - bar.birth), 0)
}

/** Speaks for a lost period (negative) when the baseline's loop is gone in the window's tail, else against it. */
function loopCost(tail: Float64Array, baseline: Float64Array): number {
  if (tail.length < 24) return 0
  const usual = baseline.subarray(Math.max(0, baseline.length - tail.length))
  const delay = decorrelationLag(baseline, Math.max(1, Math.floor(tail.length / 8)))
  const before = longestLoop(usual, delay)
  if (before <= 0) return 0
  return longestLoop(tail, delay) / before < loopLostBelow ? -loopWeight : loopWeight
}

const rough = (values: Float64Array): Float64Array =>
  Float64Array.from(differences(differences(values)), Math.abs)

/**
 * How sure the window's point-to-point roughness differs from the baseline's for at least a quarter of its
 * length: -1 for not at all, up to 1. Second differences are blind to levels, ramps and slow seasons.
 */
function roughnessChange(window: Float64Array, baseline: Float64Array): number {
  const usual = median(rough(baseline))
  const here = rough(window)
  const span = Math.max(12, Math.floor(window.length / 4))
  let most = 0
  for (let from = 0; from + span <= here.length; from += 4) {
    const ratio = median(here.subarray(from, from + span)) / Math.max(usual, 1e-12)
    most = Math.max(most, Math.abs(Math.log(Math.max(ratio, 1e-6))))
  }
  return Math.min(1, Math.max(-1, (most - roughnessUsual) / roughnessUsual))
}

/** The longest run of equal values as a share of the window, less what the baseline had. */
function flatRun(window: Float64Array, baseline: Float64Array): { share: number } {
  const steps = Float64Array.from(differences(baseline), Math.abs)
  const equal = 0.005 * median(steps) + 1e-12
  const longest = (values: Float64Array): number => {
    let run = 0
    let most = 0
    for (let i = 1; i < values.length; i++) {
      run = Math.abs((values[i] as number) - (values[i - 1] as number)) <= equal ? run + 1 : 0
      most = Math.max(most, run)
    }
    return most
  }
  const here = longest(window)
  const before = longest(baseline)
  return { share: here > 2 * before ? here / Math.max(1, window.length) : 0 }
}
