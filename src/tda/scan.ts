import { resolve } from 'node:path'
import { systemClock } from '../core/clock.ts'
import { OrchestrationError } from '../core/errors.ts'
import type { Anomaly } from './anomaly.ts'
import { StreamDetector } from './detector.ts'
import type { DetectorOptions, DetectorUpdate } from './detector.ts'
import { openSeries, rowIntervalMs, seriesPointsMax } from './series.ts'
import type { SeriesPoint } from './series.ts'

/** A CSV file, values one second apart, or points. */
export type SeriesInput = string | readonly number[] | readonly SeriesPoint[]

export interface ScanOptions extends Partial<DetectorOptions> {
  /** Column of a CSV file; null or left out takes the first one with numbers. */
  readonly column?: string | null
  /** Ends the scan with its reason. */
  readonly signal?: AbortSignal
  /** Sees each point and what it told, e.g. to draw them. */
  readonly onPoint?: (point: SeriesPoint, update: DetectorUpdate) => void
}

/** What `aura tda scan` prints. */
export interface ScanResult {
  /** Null when the series was no file. */
  readonly column: string | null
  readonly points: number
  /** In order of time. */
  readonly anomalies: readonly Anomaly[]
}

const pointsPerTurn = 64

/**
 * Scans a series with a `StreamDetector` and gives other work a turn every 64 points. A file is read as it
 * is scanned, so memory stays bounded; a relative path is taken from the working directory. The
 * anomalies' `source` is the absolute path, for values `options.source` or `values`.
 *
 * @throws SeriesError when the series cannot be read, has no points or a value that is not finite.
 */
export async function scanSeries(
  series: SeriesInput,
  options: ScanOptions = {},
): Promise<ScanResult> {
  const { signal, onPoint, column: wanted, ...settings } = options
  const path = typeof series === 'string' ? resolve(series) : null
  const open = path === null ? null : await openSeries(path, { column: wanted ?? undefined })
  const column = open === null ? null : open.column
  const points = open === null ? pointsOf(series as readonly (number | SeriesPoint)[]) : open.points
  const source = path ?? settings.source ?? 'values'
  const detector = new StreamDetector({ ...settings, source, column })
  const anomalies: Anomaly[] = []
  let count = 0
  for await (const point of points) {
    if (count++ % pointsPerTurn === 0) {
      await new Promise<void>((next) => systemClock.atTurnEnd(next))
      signal?.throwIfAborted()
    }
    const update = detector.push(point)
    onPoint?.(point, update)
    const { closed } = update
    if (closed !== null) anomalies.push(closed)
  }
  if (count === 0) throw emptySeries(source)
  const last = detector.finish()
  return { column, points: count, anomalies: last === null ? anomalies : [...anomalies, last] }
}

function emptySeries(source: string): OrchestrationError {
  return new OrchestrationError('SeriesError', `${source}: has no points`, {
    hint: 'give at least one value; anomalies are looked for from the 129th on',
  })
}

function* pointsOf(series: readonly (number | SeriesPoint)[]): Generator<SeriesPoint> {
  if (series.length > seriesPointsMax) {
    throw new OrchestrationError(
      'SeriesError',
      `${series.length} values are over seriesPointsMax`,
      {
        hint: `give at most ${seriesPointsMax} values, or the path of a file`,
      },
    )
  }
  for (const [i, entry] of series.entries()) {
    const point = typeof entry === 'number' ? { t: i * rowIntervalMs, v: entry } : entry
    if (Number.isFinite(point.v) && Number.isFinite(point.t)) yield point
    else throw new OrchestrationError('SeriesError', `value ${i} of the series is not finite`)
  }
}
