import { alignedLines } from '../../bench/aligned-lines.ts'
import { shippedThreshold } from './judge-series.ts'
import type { JudgedSeries } from './judge-series.ts'
import { bestResult, resultAt, sweepThresholds } from './nab-scorer.ts'

/** What `eval:tda` prints. Scores are on the benchmark's scale: 0 the null detector, 100 a perfect one. */
export interface EvalReport {
  /** With the threshold that the benchmark's own search finds best for these series. */
  readonly score: number
  /** With the threshold that ships. */
  readonly scoreFixed: number
  /** Of other detectors on the same series, each with its best threshold. */
  readonly baselines: { readonly windowedGaussian: number }
  readonly files: readonly FileRow[]
}

/** One series at the shipped threshold. */
export interface FileRow {
  readonly file: string
  readonly rows: number
  readonly windows: number
  /** Windows with at least one alarm. */
  readonly found: number
  readonly falseAlarms: number
}

/** Scores all series together, as the benchmark does. */
export function reportOf(series: readonly JudgedSeries[]): EvalReport {
  const detector = sweepThresholds(series.map((one) => one.detector))
  const baseline = sweepThresholds(series.map((one) => one.windowedGaussian))
  return {
    score: bestResult(detector).score,
    scoreFixed: resultAt(detector, shippedThreshold).score,
    baselines: { windowedGaussian: bestResult(baseline).score },
    files: series.map(({ name, detector: { scores, windows } }) => ({
      file: name,
      rows: scores.length,
      windows: windows.length,
      found: windows.filter(({ from, to }) =>
        Array.from(scores)
          .slice(from, to + 1)
          .some((score) => score >= shippedThreshold),
      ).length,
      falseAlarms: resultAt(sweepThresholds([{ scores, windows }]), shippedThreshold)
        .falsePositives,
    })),
  }
}

/** The report for a person. */
export function reportText({ score, scoreFixed, baselines, files }: EvalReport): string {
  const head = ['series', 'rows', 'windows', 'found', 'false alarms']
  const rows = files.map((row) => [
    row.file,
    String(row.rows),
    String(row.windows),
    String(row.found),
    String(row.falseAlarms),
  ])
  return [
    alignedLines([head, ...rows], (column) => column > 0),
    '',
    `score ${score.toFixed(1)} · with the shipped threshold ${scoreFixed.toFixed(1)} · windowed Gaussian ${baselines.windowedGaussian.toFixed(1)} (NAB, standard profile, ${files.length} series)`,
  ].join('\n')
}
