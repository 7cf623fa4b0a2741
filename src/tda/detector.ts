import { createHash } from 'node:crypto'
import { OrchestrationError } from '../core/errors.ts'
import type { Anomaly } from './anomaly.ts'
import { classify } from './classify.ts'
import { wireDiagram } from './diagram-distance.ts'
import type { SeriesPoint } from './series.ts'
import { surpriseMax } from './tail-model.ts'
import { TopologyChannel } from './topology-channel.ts'
import type { WindowShape } from './topology-channel.ts'
import { PeakFilter, TrackRecord } from './track-record.ts'
import { ValueChannels } from './value-channels.ts'

export interface DetectorOptions {
  /** Absolute path or name of the series; goes into every anomaly. */
  readonly source: string
  /** Column of the source; null, the default, when it has only one. */
  readonly column?: string | null
  /** Points in one window. Default 64. */
  readonly windowPoints?: number
  /** Points between two looks at the shape of the window. Default 4. */
  readonly stridePoints?: number
  /** Dimension of the delay embedding. Default 3. */
  readonly dimension?: number
  /** Delay of the embedding in points; null, the default, takes it from the first window. */
  readonly delay?: number | null
  /** Alert from which an anomaly begins, as −log10 of a probability. Default 2.8, one in 600 points. */
  readonly threshold?: number
  /** Points that are learnt from before anything is reported. Default two windows. */
  readonly warmUpPoints?: number
  /** Values kept. Default 2,048: what a season and a long-term level are learnt from. */
  readonly historyPoints?: number
}

/** What one more point told. */
export interface DetectorUpdate {
  /** The largest surprise of all channels at this point, each by its share; 0 while warming up. */
  readonly score: number
  /**
   * What the point calls for by itself: 0 unless it surprises more than the window before it, and less than
   * `score` where the same has been seen before. An anomaly begins where it reaches the threshold.
   */
  readonly alert: number
  readonly threshold: number
  /** Whether an anomaly is going on after this point. */
  readonly isOpen: boolean
  /** The anomaly that began at this point, as far as it is known; null if none did. */
  readonly opened: Anomaly | null
  /** The anomaly that ended before this point; null if none did. */
  readonly closed: Anomaly | null
}

/** Larger values count as this one: their squares would leave the range of numbers. */
const valueMax = 1e100
/** An open anomaly is kept open down to this share of the threshold. */
const releaseShare = 0.6
/**
 * How much of each channel's surprise counts. Only the gaps of novel values are nearly independent of each other;
 * the other channels see neighbouring points again and again, so their probabilities are taken with salt.
 */
const shares = { novelty: 1, jump: 0.6, level: 0.3, season: 0.4, flat: 0.6, shape: 0.8 } as const
type Channel = keyof typeof shares
type Scores = Readonly<Record<Channel, number>>
const channels = Object.keys(shares) as Channel[]
const valueChannels = channels.filter((channel) => channel !== 'shape')

function perChannel<T>(make: (channel: Channel) => T): Readonly<Record<Channel, T>> {
  return Object.fromEntries(channels.map((channel) => [channel, make(channel)])) as Record<
    Channel,
    T
  >
}

const strongest = (of: readonly Channel[], scores: Scores): number =>
  Math.max(...of.map((channel) => shares[channel] * scores[channel]))

interface OpenAnomaly {
  readonly index: number
  readonly t0Ms: number
  t1Ms: number
  lastIndex: number
  /** Whether no value by itself has reached the threshold. */
  isByShape: boolean
  peak: number
  scores: Scores
  deviation: number
  shape: WindowShape | null
}

/**
 * Finds anomalies in one series while it arrives: no look-ahead, bounded memory, the same answer for
 * the same points however they are delivered.
 *
 * Each point is judged by its value (novelty, jump, level, season, run of equal values) and, every `stridePoints`,
 * by the shape of the window that ends with it (delay embedding, Vietoris-Rips persistence, features against those of
 * earlier windows). The score is the largest surprise; what a channel calls again and again counts for less and
 * less (`TrackRecord`). States: warming up → quiet → open (alert ≥ threshold) → quiet again after a quarter of a
 * window below 0.6 · threshold, or after four windows: a change that stays is one anomaly and then the new
 * normal. `docs/tda.md` has the method, its sources and its figures.
 */
export class StreamDetector {
  readonly #options: Required<DetectorOptions>
  readonly #values: ValueChannels
  readonly #topology: TopologyChannel
  #index = -1
  #shape: WindowShape | null = null
  #shapeScore = 0
  #open: OpenAnomaly | null = null
  readonly #records: Readonly<Record<Channel, TrackRecord>>
  readonly #peaks: PeakFilter

  /** @throws InputError when an option is out of its range. */
  constructor(options: DetectorOptions) {
    const windowPoints = options.windowPoints ?? 64
    this.#options = {
      column: null,
      windowPoints,
      stridePoints: 4,
      dimension: 3,
      delay: null,
      threshold: 2.8,
      warmUpPoints: 2 * windowPoints,
      historyPoints: 2_048,
      ...options,
    }
    checkOptions(this.#options)
    this.#values = new ValueChannels(this.#options.historyPoints)
    const { dimension, delay, historyPoints } = this.#options
    const remembers = { restPoints: windowPoints, memoryPoints: historyPoints }
    this.#records = perChannel(() => new TrackRecord(remembers))
    this.#peaks = new PeakFilter(windowPoints)
    this.#topology = new TopologyChannel({ dimension, delay, cloudPointsMax: 64 })
  }

  get threshold(): number {
    return this.#options.threshold
  }

  /** Takes the next point; `t` in milliseconds, not earlier than the one before except by a clock change. */
  push(point: SeriesPoint): DetectorUpdate {
    if (!Number.isFinite(point.v) || !Number.isFinite(point.t)) {
      throw new OrchestrationError(
        'InputError',
        `a point of '${this.#options.source}' is not finite`,
        {
          hint: 'leave out points without a value',
        },
      )
    }
    this.#index++
    const value = this.#values.judge(Math.min(valueMax, Math.max(-valueMax, point.v)))
    const shaped = this.#judgeShape()
    // Between two looks at the window its last surprise stands.
    if (shaped !== null) this.#shapeScore = shaped.surprise
    const scores = { ...value, shape: this.#shapeScore }
    const alert = this.#call(scores)
    if (this.#index < this.#options.warmUpPoints) return this.#quiet()
    return this.#follow(point, { scores, alert, deviation: value.deviation })
  }

  /** Ends the series: closes and returns the anomaly that is still open, or null. */
  finish(): Anomaly | null {
    const open = this.#open
    this.#open = null
    return open === null ? null : this.#report(open)
  }

  #judgeShape(): WindowShape | null {
    const { windowPoints, stridePoints } = this.#options
    if (this.#index + 1 < windowPoints || (this.#index + 1) % stridePoints !== 0) return null
    this.#shape = this.#topology.judge(this.#values.values.newest(windowPoints), this.#values.sigma)
    return this.#shape
  }

  /** The loudest call of all channels at this point. */
  #call(scores: Scores): number {
    const calls = channels.map((channel) =>
      this.#records[channel].call(shares[channel] * scores[channel]),
    )
    return this.#peaks.next(Math.max(...calls))
  }

  #quiet(): DetectorUpdate {
    return {
      score: 0,
      alert: 0,
      threshold: this.#options.threshold,
      isOpen: false,
      opened: null,
      closed: null,
    }
  }

  #follow(
    point: SeriesPoint,
    seen: { readonly scores: Scores; readonly alert: number; readonly deviation: number },
  ): DetectorUpdate {
    const { threshold, windowPoints } = this.#options
    const { scores, alert, deviation } = seen
    const release = releaseShare * threshold
    const byValue = strongest(valueChannels, scores)
    const score = strongest(channels, scores)
    let opened: Anomaly | null = null
    let closed: Anomaly | null = null
    const open = this.#open
    if (open !== null) {
      open.isByShape &&= byValue < threshold
      // A window looks odd until the change has left it, so the shape alone does not prolong what values began.
      if ((open.isByShape ? score : byValue) >= release) {
        open.lastIndex = this.#index
        open.t1Ms = Math.max(open.t1Ms, point.t)
      }
      if (score > open.peak) {
        open.peak = score
        open.shape = this.#shape
      }
      const before = open.scores
      open.scores = perChannel((channel) => Math.max(before[channel], scores[channel]))
      open.deviation = Math.max(open.deviation, deviation)
      const isLasting = this.#index - open.index >= 4 * windowPoints
      if (isLasting || this.#index - open.lastIndex >= windowPoints / 4) {
        closed = this.finish()
      }
    } else if (alert >= threshold) {
      const { t } = point
      const index = this.#index
      const seen = { peak: score, scores, deviation, shape: this.#shape }
      const isByShape = byValue < threshold
      this.#open = { index, lastIndex: index, t0Ms: t, t1Ms: t, isByShape, ...seen }
      opened = this.#report(this.#open)
    }
    return { score, alert, threshold, isOpen: this.#open !== null, opened, closed }
  }

  #report(open: OpenAnomaly): Anomaly {
    const { source, column, threshold, windowPoints } = this.#options
    const values = this.#values.values
    const since = this.#index - open.index
    // A quarter of a window of normal values before the start lets the classifier see the change.
    const lead = Math.floor(windowPoints / 4)
    const window = values.newest(Math.max(windowPoints, since + lead))
    const baseline = values.newest(values.capacity - window.length, window.length)
    const verdict = classify(window, baseline.length >= 16 ? baseline : window)
    const magnitude = Math.min(1e6, open.deviation)
    return {
      windowId: `w-${createHash('sha256')
        .update(`${source}\n${column ?? ''}\n${open.index}`)
        .digest('hex')
        .slice(0, 16)}`,
      source,
      column,
      t0Ms: open.t0Ms,
      t1Ms: open.t1Ms,
      kind: verdict.kind,
      severity: severityOf({ peak: open.peak, threshold, magnitude }),
      score: round(open.peak),
      threshold,
      diagram: open.shape === null ? [] : wireDiagram(open.shape.diagram),
      features: {
        ...featuresOf(open.shape),
        ...Object.fromEntries(channels.map((channel) => [channel, round(open.scores[channel])])),
        deviation: round(magnitude),
        magnitude: round(verdict.magnitude),
        kindConfidence: round(verdict.confidence),
        points: open.lastIndex - open.index + 1,
      },
    }
  }
}

function checkOptions(options: Required<DetectorOptions>): void {
  const { windowPoints, stridePoints, dimension, historyPoints, warmUpPoints } = options
  const isWhole = [windowPoints, stridePoints, dimension, historyPoints, warmUpPoints].every(
    (value) => Number.isInteger(value) && value >= 0,
  )
  const isInRange = windowPoints >= 16 && windowPoints <= 512 && stridePoints >= 1 && dimension >= 2
  if (isWhole && isInRange && historyPoints >= 4 * windowPoints && options.threshold > 0) return
  throw new OrchestrationError('InputError', 'the options of the detector are out of range', {
    hint: 'windowPoints 16 to 512, stridePoints from 1, dimension from 2, historyPoints at least four windows, threshold above 0',
  })
}

/** A score from which it cannot get rarer: what the most improbable jump counts. */
const rarest = shares.jump * surpriseMax

/** Half from how rare it is beyond the threshold, half from how far the stream moved (half way at 8 deviations). */
function severityOf(seen: { peak: number; threshold: number; magnitude: number }): number {
  const { peak, threshold, magnitude } = seen
  const share = (peak - threshold) / Math.max(1, rarest - threshold)
  const rare = Math.min(1, Math.max(0, share))
  const far = magnitude / (magnitude + 8)
  return round(Math.min(1, 0.2 + 0.4 * rare + 0.4 * far))
}

const round = (value: number): number => Number(value.toPrecision(6))

function featuresOf(shape: WindowShape | null): Record<string, number> {
  if (shape === null) return {}
  const { entropy, landscape, lifetimes } = shape.features
  return {
    entropyH0: round(entropy[0]),
    entropyH1: round(entropy[1]),
    landscapeL1: round(landscape.l1),
    landscapeL2: round(landscape.l2),
    longestH0: round(lifetimes.h0[0] ?? 0),
    longestH1: round(lifetimes.h1[0] ?? 0),
    moved: round(shape.moved),
  }
}

/** Runs a series that is already there through a `StreamDetector`, point by point; anomalies in order of time. */
export function detectSeries(points: readonly SeriesPoint[], options: DetectorOptions): Anomaly[] {
  const detector = new StreamDetector(options)
  const anomalies: Anomaly[] = []
  for (const point of points) {
    const { closed } = detector.push(point)
    if (closed !== null) anomalies.push(closed)
  }
  const last = detector.finish()
  return last === null ? anomalies : [...anomalies, last]
}
