import { NumberRing } from './number-ring.ts'
import { quantileOfSorted } from './robust-statistics.ts'

/** The share of values that are below the fitted tail. */
const bodyShare = 0.95
/** Values that come between two fits. */
const refitEvery = 32
/** How much a sample of tail values is worth against the prior on the tail's heaviness. */
const priorWeight = 20
const priorShape = 0.2
/** Highest surprise: one in 10^12. */
export const surpriseMax = 12

/**
 * How rare a magnitude is in a stream, from what came before it: "surprise" is −log10 of the probability
 * of something at least as large. Up to the largest value seen it is empirical; beyond that a generalised
 * Pareto tail fitted to the top 5 % extrapolates, so heavy-tailed streams need larger values to surprise
 * (peaks over threshold, as in A. Siffer et al., "Anomaly detection in streams with extreme value theory",
 * KDD 2017; fitted by the mean excess and a shape that a prior holds back).
 */
export class TailModel {
  readonly #history: NumberRing
  readonly #floor: number
  #untilFit = 0
  #ascending: Float64Array = new Float64Array(0)
  #start = 0
  #scale = 1
  #shape = priorShape

  /** `floor` is the smallest scale of the tail as a share of its start: guards against constant histories. */
  constructor(capacity: number, floor = 0.1) {
    this.#history = new NumberRing(capacity)
    this.#floor = floor
  }

  get size(): number {
    return this.#history.size
  }

  /** −log10 of the probability of a magnitude of at least `value`, 0 to `surpriseMax`; 0 before 16 values. */
  surprise(value: number, scaleMin: number): number {
    if (this.#history.size < 16) return 0
    if (this.#untilFit <= 0) this.#fit(scaleMin)
    const n = this.#ascending.length
    const largest = this.#ascending[n - 1] as number
    if (value <= largest) return Math.log10((n + 1) / (this.#countAtLeast(value) + 1))
    const excess = (value - this.#start) / Math.max(this.#scale, scaleMin)
    const atLargest = Math.max(0, largest - this.#start) / Math.max(this.#scale, scaleMin)
    const tail = (at: number): number => Math.log10(1 + this.#shape * at) / this.#shape
    const beyond = tail(excess) - tail(atLargest)
    return Math.min(surpriseMax, Math.log10((n + 1) / 2) + beyond)
  }

  /** Learns a magnitude. What surprises is learnt at a capped size, so that one outlier hides no later one. */
  learn(value: number): void {
    this.#history.push(Math.min(value, this.#cap()))
    this.#untilFit--
  }

  #cap(): number {
    const n = this.#ascending.length
    return n < 16 ? Infinity : (this.#ascending[n - 1] as number) + 0.5 * this.#scale
  }

  #fit(scaleMin: number): void {
    this.#untilFit = Math.min(refitEvery, Math.ceil(this.#history.size / 4))
    this.#ascending = this.#history.newest(this.#history.size).sort()
    const n = this.#ascending.length
    this.#start = quantileOfSorted(this.#ascending, bodyShare)
    let sum = 0
    let squares = 0
    let count = 0
    for (let i = n - 1; i >= 0 && (this.#ascending[i] as number) > this.#start; i--) {
      const excess = (this.#ascending[i] as number) - this.#start
      sum += excess
      squares += excess * excess
      count++
    }
    const middle = count === 0 ? 0 : sum / count
    const variance = count < 2 ? 0 : Math.max(0, squares / count - middle * middle)
    // Method of moments; the shape of a Pareto tail from how much the excesses scatter around their mean.
    const moments = variance > 0 ? 0.5 * (1 - (middle * middle) / variance) : priorShape
    const shape = (count * moments + priorWeight * priorShape) / (count + priorWeight)
    this.#shape = Math.min(0.45, Math.max(0.05, shape))
    this.#scale = Math.max(middle * (1 - this.#shape), this.#floor * this.#start, scaleMin)
  }

  #countAtLeast(value: number): number {
    let low = 0
    let high = this.#ascending.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ascending[middle] as number) < value) low = middle + 1
      else high = middle
    }
    return this.#ascending.length - low
  }
}
