import { resolve } from 'node:path'
import { systemClock } from '../core/clock.ts'
import type { Anomaly } from './anomaly.ts'
import { ChannelCoupling } from './channel-coupling.ts'
import type { Coupling } from './channel-coupling.ts'
import { seriesError } from './csv-rows.ts'
import { StreamDetector } from './detector.ts'
import { wireDiagram } from './diagram-distance.ts'
import type { ScanResult } from './scan.ts'
import { openChannels } from './series.ts'
import type { SeriesPoint } from './series.ts'

export interface ChannelScanOptions {
  /** Ends the scan with its reason. */
  readonly signal?: AbortSignal
  /** Sees each coupling before it is judged: its time, and Fisher's z of how much the channels move together. */
  readonly onPoint?: (point: SeriesPoint) => void
}

/** Rows in one window of couplings; a coupling is taken every quarter of it. */
const rowsPerWindow = 64
/** Couplings in one window of their detector: 16 rows each. */
const couplingsPerWindow = 32
const rowsPerTurn = 64

/**
 * Scans all numeric columns of a CSV file together: the series that is judged is how far the channels are apart
 * (`ChannelCoupling`, by Fisher's z), so it finds where they stop or start moving together, not what one channel does by itself.
 * Anomalies are looked for from about row 1,070 on. Their `column` is null and their `diagram` that of the channels.
 *
 * @throws SeriesError when the file cannot be read, or has fewer than two columns of numbers.
 */
export async function scanChannels(
  path: string,
  options: ChannelScanOptions = {},
): Promise<ScanResult> {
  const source = resolve(path)
  const { columns, rows } = await openChannels(source)
  if (columns.length < 2)
    throw seriesError(source, 'has one column of numbers', 'couplings need two; scan the column')
  const coupling = new ChannelCoupling({ channels: columns.length, windowPoints: rowsPerWindow })
  const detector = new StreamDetector({ source, windowPoints: couplingsPerWindow })
  const anomalies: Anomaly[] = []
  /** That of the coupling at which the open anomaly scored highest. */
  let strongest: { readonly score: number; readonly seen: Coupling } | null = null
  const close = (anomaly: Anomaly): void => {
    if (strongest === null) return
    anomalies.push({ ...anomaly, diagram: wireDiagram(strongest.seen.diagram) })
    strongest = null
  }
  let points = 0
  for await (const { t, values } of rows) {
    if (points++ % rowsPerTurn === 0) {
      await new Promise<void>((next) => systemClock.atTurnEnd(next))
      options.signal?.throwIfAborted()
    }
    const seen = coupling.push(values)
    if (seen === null) continue
    const point = { t, v: fisherZ(1 - seen.apart) }
    options.onPoint?.(point)
    const { closed, isOpen, score } = detector.push(point)
    if (closed !== null) close(closed)
    if (isOpen && score > (strongest?.score ?? -1)) strongest = { score, seen }
  }
  const last = detector.finish()
  if (last !== null) close(last)
  return { column: null, points, anomalies }
}

/** R. A. Fisher's transformation (1915): correlations scatter alike at every height; 0.999 and more is taken as that. */
const fisherZ = (togetherness: number): number => Math.atanh(Math.min(0.999, togetherness))
