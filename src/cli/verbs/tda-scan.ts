import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import { BacktestPage, plotSeries, scanChannels, scanSeries } from '../../tda/index.ts'
import type { ScanResult, SeriesPoint } from '../../tda/index.ts'
import { anomalyRows } from '../anomaly-table.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { plainText } from '../terminal/width.ts'

/** Points kept for the drawing; of a longer series only these are drawn. */
const drawnPointsMax = 500_000
const plotWidthMax = 160

export interface ScanVerbOptions {
  readonly column?: string
  readonly together?: boolean
  readonly report?: string
}

/** `aura tda scan CSV [--column C] [--together] [--report PAGE]`: finds anomalies, draws and lists them. */
export async function tdaScan(
  context: CommandContext,
  file: string,
  options: ScanVerbOptions,
): Promise<number> {
  const { column, together = false, report: page } = options
  if (together && (column !== undefined || page !== undefined))
    throw new OrchestrationError('UsageError', '--together takes neither --column nor --report', {
      hint: 'together, all columns are judged by how they move with each other',
    })
  const path = resolve(context.cwd, file)
  const points: SeriesPoint[] = []
  const draw = (point: SeriesPoint): void => {
    if (!context.isJson && points.length < drawnPointsMax) points.push(point)
  }
  const backtest = new BacktestPage()
  const result = together
    ? await scanChannels(path, { onPoint: draw })
    : await scanSeries(path, {
        column: column ?? null,
        onPoint(point, update) {
          draw(point)
          if (page !== undefined) backtest.add(point, update)
        },
      })
  if (page !== undefined) writePage(resolve(context.cwd, page), backtest.html(path, result))
  if (context.isJson) context.json(result)
  else report(context, result, points)
  if (page !== undefined) context.note(`wrote ${plainText(resolve(context.cwd, page))}`)
  return exitCodes.done
}

function writePage(path: string, html: string): void {
  try {
    writeFileSync(path, html)
  } catch (thrown) {
    throw new OrchestrationError('UsageError', `--report: ${messageOf(thrown)}`, { cause: thrown })
  }
}

function report(context: CommandContext, result: ScanResult, points: readonly SeriesPoint[]): void {
  const paint = context.paintOut
  const { anomalies } = result
  const column = result.column === null ? '' : `column ${plainText(result.column)}, `
  const width = Math.min(plotWidthMax, (context.stdout.columns ?? 100) - 1)
  for (const line of plotSeries(points, anomalies, { width, color: paint.isOn })) context.say(line)
  const cut =
    points.length === drawnPointsMax && points.length < result.points
      ? ` (the first ${points.length} are drawn)`
      : ''
  const found = anomalies.length === 1 ? 'one anomaly' : `${anomalies.length} anomalies`
  context.say(`${column}${result.points} points${cut}: ${paint.bold(found)}`)
  for (const line of anomalyRows(context, anomalies)) context.say(line)
}
