/** How much more a call must surprise than what came just before it: log10 of 2, twice as improbable. */
const riseMin = 0.3
/** Stretches of at least this share of a call's score count as equally loud. */
const alikeShare = 0.9
/** Calls quieter than this are too common to be remembered. */
const rememberedFrom = 2

interface Scored {
  readonly index: number
  readonly score: number
}

/** Lets through what surprises twice as much as everything in the `restPoints` before it. */
export class PeakFilter {
  readonly #restPoints: number
  #index = -1
  /** Of the last points those that no later one has reached: scores descend. */
  readonly #recent: Scored[] = []

  constructor(restPoints: number) {
    this.#restPoints = restPoints
  }

  /** The score of the next point if it is a peak, else 0. */
  next(score: number): number {
    const index = ++this.#index
    const recent = this.#recent
    if (recent[0] !== undefined && recent[0].index < index - this.#restPoints) recent.shift()
    const isPeak = recent[0] === undefined || score > recent[0].score + riseMin
    while ((recent.at(-1)?.score ?? Infinity) <= score) recent.pop()
    recent.push({ index, score })
    return isPeak ? score : 0
  }
}

/**
 * Believes a channel the less the more often it has called: a peak counts for its score less log10(1 + m), where
 * m is how many earlier stretches of the last `memoryPoints` were as loud. What has happened m times is m + 1
 * times as probable as the channel's model says. This corrects a score by its rank in its own past, as
 * conformal anomaly detection does (R. Laxhammar and G. Falkman, "Online learning and sequential anomaly
 * detection in trajectories", 2014). Peaks within `restPoints` of each other are one stretch.
 */
export class TrackRecord {
  readonly #peaks: PeakFilter
  readonly #restPoints: number
  readonly #memoryPoints: number
  #index = -1
  #stretches: Scored[] = []

  constructor(options: { readonly restPoints: number; readonly memoryPoints: number }) {
    this.#peaks = new PeakFilter(options.restPoints)
    this.#restPoints = options.restPoints
    this.#memoryPoints = options.memoryPoints
  }

  /** What the score of the next point counts for; 0 when it is no peak. */
  call(score: number): number {
    const index = ++this.#index
    const peak = this.#peaks.next(score)
    if (peak < rememberedFrom) return peak
    const last = this.#stretches.at(-1)
    // A louder peak of the same stretch replaces the one before.
    if (last !== undefined && index - last.index <= this.#restPoints) this.#stretches.pop()
    const since = index - this.#memoryPoints
    if ((this.#stretches[0]?.index ?? since) < since)
      this.#stretches = this.#stretches.filter((stretch) => stretch.index >= since)
    const alike = this.#stretches.filter((stretch) => stretch.score >= alikeShare * peak).length
    this.#stretches.push({ index, score: peak })
    return peak - Math.log10(1 + alike)
  }
}
