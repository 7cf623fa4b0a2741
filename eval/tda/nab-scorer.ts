/** Weights of a profile of the benchmark. */
export interface NabProfile {
  readonly truePositive: number
  readonly falsePositive: number
  readonly falseNegative: number
}

/** NAB's standard profile. */
const standardProfile: NabProfile = {
  truePositive: 1,
  falsePositive: 0.11,
  falseNegative: 1,
}

/** A span of rows that holds a labelled anomaly, both ends included. */
export interface LabelWindow {
  readonly from: number
  readonly to: number
}

/** What a detector said about one series: one score a row, larger is stranger. */
export interface ScoredSeries {
  readonly scores: ArrayLike<number>
  /** In order of rows, apart from each other. */
  readonly windows: readonly LabelWindow[]
}

/** The result of all series at one threshold. */
export interface NabResult {
  readonly threshold: number
  /** 0 for saying nothing, 100 for every window found at its first row and no false alarm. */
  readonly score: number
  /** Before normalisation. */
  readonly raw: number
  readonly truePositives: number
  readonly falsePositives: number
}

const probationShare = 0.15
const probationRowsMax = 5_000

/** Rows at the start of a series in which nothing counts: 15 %, of at most 5,000 rows. */
export function probationRows(rows: number): number {
  return Math.min(Math.floor(probationShare * rows), probationShare * probationRowsMax)
}

/** The worth of an alarm at a place relative to a window's end: 0.987 at −1 (its start), 0 at its end, −1 far behind. */
function worthAt(place: number): number {
  return place >= 3 ? -1 : 2 / (1 + Math.exp(5 * place)) - 1
}

interface ScoredRow {
  readonly score: number
  readonly weight: number
  /** Number of the window among all series; -1 outside. */
  readonly window: number
}

/** Each row after probation with what an alarm at it is worth. */
function weighRows(
  { scores, windows }: ScoredSeries,
  profile: NabProfile,
  firstWindow: number,
): ScoredRow[] {
  const rows: ScoredRow[] = []
  const first = probationRows(scores.length)
  const best = worthAt(-1)
  let next = 0
  for (let i = 0; i < scores.length; i++) {
    while (next < windows.length && i > (windows[next] as LabelWindow).to) next++
    const window = windows[next]
    const isInside = window !== undefined && i >= window.from
    if (i < first) continue
    const score = scores[i] as number
    if (isInside) {
      const place = -(window.to - i + 1) / (window.to - window.from + 1)
      const weight = (worthAt(place) * profile.truePositive) / best
      rows.push({ score, weight, window: firstWindow + next })
    } else {
      const last = windows[next - 1]
      const place = last === undefined ? 3 : (i - last.to) / Math.max(1, last.to - last.from)
      rows.push({ score, weight: worthAt(place) * profile.falsePositive, window: -1 })
    }
  }
  return rows
}

/**
 * Scores series together, as the Numenta Anomaly Benchmark does (A. Lavin and S. Ahmad, "Evaluating real-time
 * anomaly detection algorithms", ICMLA 2015, sections II and III, and the published definition of its sweep): of
 * each window the earliest alarm counts, by a sigmoid of its place; every alarm outside costs, less just behind a
 * window; a missed window costs; normalised between the null detector (0) and a perfect one (100).
 *
 * Returns one result per threshold that makes a difference, from above all scores downwards: an alarm is a row
 * whose score is at least the threshold.
 */
export function sweepThresholds(
  series: readonly ScoredSeries[],
  profile: NabProfile = standardProfile,
): NabResult[] {
  const rows: ScoredRow[] = []
  let windows = 0
  for (const one of series) {
    for (const row of weighRows(one, profile, windows)) rows.push(row)
    windows += one.windows.length
  }
  rows.sort((a, b) => b.score - a.score)
  const found = new Float64Array(windows).fill(-profile.falseNegative)
  const worst = -profile.falseNegative * windows
  const perfect = profile.truePositive * windows
  const results: NabResult[] = []
  let sum = worst
  let truePositives = 0
  let falsePositives = 0
  let threshold = Infinity
  const note = (): void => {
    const score = windows === 0 ? 0 : (100 * (sum - worst)) / (perfect - worst)
    results.push({ threshold, score, raw: sum, truePositives, falsePositives })
  }
  for (const { score, weight, window } of rows) {
    if (score !== threshold) {
      note()
      threshold = score
    }
    if (window === -1) {
      falsePositives++
      sum += weight
    } else {
      truePositives++
      const before = found[window] as number
      if (weight > before) {
        found[window] = weight
        sum += weight - before
      }
    }
  }
  note()
  return results
}

/** The best result of a sweep; of equal ones the one with the highest threshold. */
export function bestResult(results: readonly NabResult[]): NabResult {
  return results.reduce((best, next) => (next.score > best.score ? next : best))
}

/** The result at a threshold that was fixed beforehand. */
export function resultAt(results: readonly NabResult[], threshold: number): NabResult {
  return results.findLast((result) => result.threshold >= threshold) ?? (results[0] as NabResult)
}
