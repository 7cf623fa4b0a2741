import { NumberRing } from './number-ring.ts'
import { findPeriod } from './periodicity.ts'
import { differences, mean, median, medianAndSigma } from './robust-statistics.ts'
import { SortedHistory } from './sorted-history.ts'
import { TailModel } from './tail-model.ts'

const jumpSpan = 15
const levelSpan = 8
const tailPoints = 1_500
const seasonEvery = 128
const cyclesMax = 4

/** How surprising one value is, by what it was compared with; each is −log10 of a probability. */
export interface ValueSurprise {
  /**
   * The gap to the nearest value of the history. It is the H0 bar that the value adds to the diagram of
   * the history, a component that stays apart until its gap is bridged.
   */
  readonly novelty: number
  /** Against the median of the values just before: spikes and steps. */
  readonly jump: number
  /** The short-term mean against the long-term median: shifts and drifts. */
  readonly level: number
  /** Against the same phase of the last seasons; 0 without a season. */
  readonly season: number
  /** A run of equal values against all runs before it. */
  readonly flat: number
  /** The largest deviation, in robust standard deviations of the stream. */
  readonly deviation: number
}

/** Judges each value of a stream before learning it. Keeps the newest `historyPoints` values. */
export class ValueChannels {
  readonly values: NumberRing
  readonly #sorted: SortedHistory
  readonly #novelty = new TailModel(tailPoints)
  readonly #jump = new TailModel(tailPoints)
  readonly #level = new TailModel(tailPoints)
  readonly #season = new TailModel(tailPoints)
  readonly #outside = new TailModel(tailPoints)
  readonly #residuals = new NumberRing(levelSpan)
  #seen = 0
  #period: number | null = null
  #middle = 0
  #sigma = 0
  #stepMin = 0
  #run = 0
  #longestRun = 0

  constructor(historyPoints: number) {
    this.values = new NumberRing(historyPoints)
    this.#sorted = new SortedHistory(historyPoints)
  }

  /** A robust standard deviation of the stream so far. */
  get sigma(): number {
    return this.#sigma
  }

  /** The length of the stream's season in points; null when none was found. */
  get period(): number | null {
    return this.#period
  }

  judge(value: number): ValueSurprise {
    this.#refresh()
    const before = this.values.newest(jumpSpan)
    const step = before.length === 0 ? 0 : Math.abs(value - median(before))
    const recent = mean([...this.values.newest(levelSpan - 1), value])
    const shift = Math.abs(recent - this.#middle)
    const alike = this.#samePhase()
    const smooth = alike === null ? 0 : this.#seasonResidual(value, alike)
    const outside =
      alike === null ? 0 : Math.max(Math.min(...alike) - value, value - Math.max(...alike), 0)
    const gap = this.#sorted.gap(value)
    const floor = this.#stepMin
    // A step that every season makes at this phase is no news, however rare such steps are.
    const limit =
      alike === null
        ? Infinity
        : this.#outside.size < 64
          ? Infinity
          : this.#outside.surprise(outside, floor)
    const surprise = {
      novelty: this.#novelty.surprise(gap, floor),
      jump: Math.min(limit, this.#jump.surprise(step, floor)),
      level: this.#level.surprise(shift, floor),
      season: alike === null ? 0 : this.#season.surprise(smooth, floor),
      flat: this.#flatSurprise(value),
      deviation: Math.max(step, shift) / Math.max(this.#sigma, floor),
    }
    this.#novelty.learn(gap)
    this.#jump.learn(step)
    // The long-term median means nothing yet at the very start.
    if (this.#seen >= 2 * jumpSpan) this.#level.learn(shift)
    if (alike !== null) {
      this.#season.learn(smooth)
      this.#outside.learn(outside)
    }
    this.#sorted.push(value, this.values.ago(this.values.capacity - 1))
    this.values.push(value)
    this.#seen++
    return surprise
  }

  #refresh(): void {
    const isEarly = this.#seen < 256
    if (this.#seen % (isEarly ? 8 : 32) === 0) {
      const all = this.values.newest(this.values.capacity)
      const { median: middle, sigma } = medianAndSigma(all)
      const steps = medianAndSigma(differences(all))
      this.#middle = middle
      this.#sigma = Math.max(sigma, steps.sigma, 1e-9 * Math.max(1e-3, Math.abs(middle)))
      // Smaller steps than these never surprise: they are within the resolution of most sensors.
      this.#stepMin = Math.max(0.02 * this.#sigma, 1e-6 * Math.abs(middle), 1e-12)
    }
    if (this.#seen % seasonEvery === 0 && this.#seen >= 2 * seasonEvery) {
      const found = findPeriod(this.values.newest(this.values.capacity), 0.5)
      // Three full periods: two could be the two sides of a shift.
      const isSeason = found !== null && found.lag >= 8 && found.lag * 3 <= this.values.size
      this.#period = isSeason ? found.lag : null
    }
  }

  /** What the last seasons had at the phase of the next value, and beside it; null without a season. */
  #samePhase(): number[] | null {
    const period = this.#period
    if (period === null || this.values.size < period + 2) return null
    const alike: number[] = []
    for (let cycle = 1; cycle <= cyclesMax; cycle++) {
      for (const near of [-1, 0, 1]) {
        const age = cycle * period - 1 + near
        if (age < this.values.size) alike.push(this.values.ago(age))
      }
    }
    return alike
  }

  /** The mean of the last residuals against the season, as a magnitude. */
  #seasonResidual(value: number, alike: readonly number[]): number {
    this.#residuals.push(value - median(alike))
    return Math.abs(mean(this.#residuals.newest(levelSpan)))
  }

  #flatSurprise(value: number): number {
    const isEqual = Math.abs(value - this.values.ago(0)) <= 1e-9 * Math.max(1e-3, Math.abs(value))
    if (isEqual) this.#run++
    else {
      this.#longestRun = Math.max(this.#longestRun, this.#run)
      this.#run = 0
    }
    const usual = Math.max(8, this.#longestRun)
    // A run twice as long as any before it surprises like one in a thousand, thrice like one in 100,000.
    const hasMoved = this.#seen - this.#run >= 32
    return this.#run <= usual || !hasMoved ? 0 : Math.min(8, (2.5 * this.#run) / usual - 2)
  }
}
