import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { seededRandom } from '../../../src/core/random.ts'
import type { TaskContext } from '../../../src/semantic/index.ts'
import { readSeries, scanSeries, type Anomaly } from '../../../src/tda/index.ts'

/** A stretch of a series at whose end a task comes. */
export interface Moment {
  readonly file: string
  readonly isAnomalous: boolean
  /** What the detector had found in the stretch when it ended. */
  readonly tda: TaskContext
}

interface Stretch {
  readonly fromMs: number
  readonly toMs: number
}

const windowsSchema = z.record(z.string(), z.array(z.tuple([z.string(), z.string()])))
/** NAB's own share of a series that a detector may learn from. */
const probation = 0.15
const triesMax = 1_000

/**
 * The labelled windows of every series of a NAB folder that has any, and for each window a calm stretch of
 * the same length in the same series, apart from all windows.
 *
 * @throws Error, SeriesError when the folder is not as NAB's
 */
export async function nabMoments(folder: string): Promise<readonly Moment[]> {
  const text = readFileSync(join(folder, 'combined_windows.json'), 'utf8')
  const moments: Moment[] = []
  for (const [file, labelled] of Object.entries(windowsSchema.parse(JSON.parse(text)))) {
    const windows = labelled.map(([from, to]) => ({ fromMs: timeOf(from), toMs: timeOf(to) }))
    if (windows.length > 0) moments.push(...(await momentsOf(folder, file, windows)))
  }
  return moments
}

async function momentsOf(
  folder: string,
  file: string,
  windows: readonly Stretch[],
): Promise<readonly Moment[]> {
  const path = join(folder, file)
  const { anomalies } = await scanSeries(path)
  const calm = await calmStretches(path, windows)
  const moment = (isAnomalous: boolean) => (stretch: Stretch) => ({
    file,
    isAnomalous,
    tda: contextOf(anomalies, stretch),
  })
  return [...windows.map(moment(true)), ...calm.map(moment(false))]
}

/** The context as a feed gives it that knows the anomalies seen in the stretch. */
function contextOf(anomalies: readonly Anomaly[], { fromMs, toMs }: Stretch): TaskContext {
  const seen = anomalies.filter(({ t0Ms }) => t0Ms >= fromMs && t0Ms <= toMs)
  const anomalySeverity = seen.reduce((most, { severity }) => Math.max(most, severity), 0)
  return { available: true, anomalySeverity, patternConfidence: anomalySeverity }
}

async function calmStretches(
  path: string,
  windows: readonly Stretch[],
): Promise<readonly Stretch[]> {
  const { points } = await readSeries(path)
  const first = points[Math.floor(probation * points.length)]!.t
  const last = points.at(-1)!.t
  const random = seededRandom(points.length)
  const found: Stretch[] = []
  for (const { fromMs, toMs } of windows) {
    const lengthMs = toMs - fromMs
    for (let n = 0; n < triesMax; n++) {
      const start = first + random() * (last - first - lengthMs)
      const stretch = { fromMs: start, toMs: start + lengthMs }
      if (start < first || [...windows, ...found].some((other) => overlap(other, stretch))) continue
      found.push(stretch)
      break
    }
  }
  return found
}

function overlap(a: Stretch, b: Stretch): boolean {
  return a.fromMs <= b.toMs && b.fromMs <= a.toMs
}

function timeOf(text: string): number {
  return Date.parse(`${text.replace(' ', 'T')}Z`)
}
