import { chartColumns } from './series-chart.ts'
import type { Envelope } from './series-chart.ts'

/** Columns that are kept while it is not known how long the series is: twice a chart's or more. */
const bucketsMax = 4 * chartColumns

interface Bucket {
  readonly t: number
  readonly low: number
  readonly high: number
}

/**
 * The lowest and highest values of a series over time, in bounded memory: points go into buckets of equally many,
 * and when there are too many buckets neighbours are joined.
 */
export class EnvelopeBuilder {
  #buckets: Bucket[] = []
  #pointsPerBucket = 1
  #filled = 0
  #open: Bucket | null = null
  #fromMs = NaN
  #toMs = NaN

  add(t: number, v: number): void {
    if (Number.isNaN(this.#fromMs)) this.#fromMs = t
    this.#toMs = Math.max(t, Number.isNaN(this.#toMs) ? t : this.#toMs)
    this.#open =
      this.#open === null ? { t, low: v, high: v } : joined(this.#open, { t, low: v, high: v })
    if (++this.#filled < this.#pointsPerBucket) return
    this.#buckets.push(this.#open)
    this.#open = null
    this.#filled = 0
    if (this.#buckets.length < bucketsMax) return
    this.#buckets = this.#buckets.flatMap((bucket, i) => {
      const next = this.#buckets[i + 1]
      if (i % 2 === 1) return []
      return [next === undefined ? bucket : joined(bucket, next)]
    })
    this.#pointsPerBucket *= 2
  }

  /** As wide as a chart; columns without a point are NaN. */
  build(): Envelope {
    const low = new Float64Array(chartColumns).fill(NaN)
    const high = new Float64Array(chartColumns).fill(NaN)
    const [fromMs, toMs] = [this.#fromMs, this.#toMs]
    const all = this.#open === null ? this.#buckets : [...this.#buckets, this.#open]
    for (const bucket of all) {
      const share = toMs > fromMs ? (bucket.t - fromMs) / (toMs - fromMs) : 0
      const i = Math.min(chartColumns - 1, Math.max(0, Math.floor(share * chartColumns)))
      const before = low[i] as number
      low[i] = Number.isNaN(before) ? bucket.low : Math.min(before, bucket.low)
      high[i] = Number.isNaN(before) ? bucket.high : Math.max(high[i] as number, bucket.high)
    }
    return { fromMs, toMs, low, high }
  }
}

function joined(a: Bucket, b: Bucket): Bucket {
  return { t: a.t, low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) }
}
