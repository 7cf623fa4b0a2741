import { messageOf } from '../core/errors.ts'
import { isJsonObject } from '../core/json.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { LogEntry } from '../engine/index.ts'
import type { SeriesPoint } from '../tda/index.ts'
import type { WorkflowDocument } from '../workflow/index.ts'
import { anomalyRows } from './anomaly-table.ts'
import type { CommandContext } from './command-context.ts'
import { recordedCalls } from './progress/recorded-calls.ts'
import { plainText } from './terminal/width.ts'

/** Most anomalies in the table under a plot. */
const listedMax = 12
const plotWidthMax = 120

/**
 * For every completed call of an observer's `detect` that found anomalies: the series drawn with them,
 * and a table of them. Nothing for other executions. A series that cannot be read any more is said so.
 */
export async function anomalyPlots(
  context: CommandContext,
  document: WorkflowDocument,
  entries: readonly LogEntry[],
): Promise<readonly (readonly string[])[]> {
  const plots: (readonly string[])[] = []
  for (const { step, input, output } of recordedCalls(entries)) {
    const work = document.steps[step]
    if (
      work === undefined ||
      !('agent' in work) ||
      work.agent !== 'observer' ||
      work.action !== 'detect'
    )
      continue
    if (!isJsonObject(input) || !isJsonObject(output) || !Array.isArray(output.anomalies)) continue
    const anomalies = (output.anomalies as readonly JsonValue[]).filter(isSpan)
    if (anomalies.length === 0) continue
    plots.push(await plotOf(context, { step, input, anomalies }))
  }
  return plots
}

type Span = JsonObject & { readonly t0Ms: number; readonly t1Ms: number }

function isSpan(value: JsonValue): value is Span {
  return isJsonObject(value) && typeof value.t0Ms === 'number' && typeof value.t1Ms === 'number'
}

async function plotOf(
  context: CommandContext,
  found: { readonly step: string; readonly input: JsonObject; readonly anomalies: readonly Span[] },
): Promise<readonly string[]> {
  const { plotSeries } = await import('../tda/index.ts')
  const { step, input, anomalies } = found
  const paint = context.paintOut
  const title = `${paint.bold(step)} found ${anomalies.length === 1 ? 'one anomaly' : `${anomalies.length} anomalies`}`
  const table = anomalyRows(context, anomalies.slice(0, listedMax))
  if (anomalies.length > listedMax) table.push(paint.dim(`… ${anomalies.length - listedMax} more`))
  try {
    const points = await pointsOf(input)
    const width = Math.min(plotWidthMax, (context.stdout.columns ?? 100) - 1)
    return [title, ...plotSeries(points, anomalies, { width, color: paint.isOn }), ...table]
  } catch (thrown) {
    return [
      title,
      paint.dim(`the series cannot be drawn: ${plainText(messageOf(thrown))}`),
      ...table,
    ]
  }
}

async function pointsOf(input: JsonObject): Promise<readonly SeriesPoint[]> {
  const { readSeries } = await import('../tda/index.ts')
  const { series, column } = input
  if (typeof series === 'string') {
    return (await readSeries(series, { column: typeof column === 'string' ? column : undefined }))
      .points
  }
  const { scanSeries } = await import('../tda/index.ts')
  const points: SeriesPoint[] = []
  await scanSeries(series as unknown as readonly number[], {
    onPoint: (point) => points.push(point),
  })
  return points
}
