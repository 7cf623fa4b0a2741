import { StreamDetector } from '../../src/tda/index.ts'
import { readNabSeries } from './nab-corpus.ts'
import type { NabEntry } from './nab-corpus.ts'
import type { ScoredSeries } from './nab-scorer.ts'
import { windowedGaussian } from './windowed-gaussian.ts'

/** One series as the shipped detector and the baseline judge it, row by row. */
export interface JudgedSeries {
  readonly name: string
  readonly detector: ScoredSeries
  readonly windowedGaussian: ScoredSeries
}

/** What the detector ships with. */
export const shippedThreshold = new StreamDetector({ source: '' }).threshold

/** Runs the detector, with no option set, and the baseline over a series, point by point. */
export function judgeSeries(folder: string, entry: NabEntry): JudgedSeries {
  const { name, points, windows } = readNabSeries(folder, entry)
  const detector = new StreamDetector({ source: name })
  return {
    name,
    detector: { scores: points.map((point) => detector.push(point).alert), windows },
    windowedGaussian: { scores: windowedGaussian(points.map(({ v }) => v)), windows },
  }
}
