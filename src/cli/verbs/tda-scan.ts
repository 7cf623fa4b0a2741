import { resolve } from 'node:path'
import { plotSeries, scanSeries } from '../../tda/index.ts'
import type { ScanResult, SeriesPoint } from '../../tda/index.ts'
import { anomalyRows } from '../anomaly-table.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { plainText } from '../terminal/width.ts'

/** Points kept for the drawing; of a longer series only these are drawn. */
const drawnPointsMax = 500_000
const plotWidthMax = 160

/** `aura tda scan CSV [--column C]`: finds anomalies in a column, draws and lists them. */
export async function tdaScan(
  context: CommandContext,
  file: string,
  column: string | undefined,
): Promise<number> {
  const points: SeriesPoint[] = []
  const result = await scanSeries(resolve(context.cwd, file), {
    column: column ?? null,
    onPoint(point) {
      if (!context.isJson && points.length < drawnPointsMax) points.push(point)
    },
  })
  if (context.isJson) context.json(result)
  else report(context, result, points)
  return exitCodes.done
}

function report(context: CommandContext, result: ScanResult, points: readonly SeriesPoint[]): void {
  const paint = context.paintOut
  const { anomalies } = result
  const column = result.column === null ? '' : `column ${plainText(result.column)}, `
  const width = Math.min(plotWidthMax, (context.stdout.columns ?? 100) - 1)
  for (const line of plotSeries(points, anomalies, { width, color: paint.isOn })) context.say(line)
  const cut = points.length < result.points ? ` (the first ${points.length} are drawn)` : ''
  const found = anomalies.length === 1 ? 'one anomaly' : `${anomalies.length} anomalies`
  context.say(`${column}${result.points} points${cut}: ${paint.bold(found)}`)
  for (const line of anomalyRows(context, anomalies)) context.say(line)
}
