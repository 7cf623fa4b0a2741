import type { CommandContext } from './command-context.ts'
import type { Paint } from './terminal/paint.ts'
import { durationText } from './terminal/duration-text.ts'
import { tableLines } from './terminal/table.ts'
import { plainText } from './terminal/width.ts'

/** What the table shows of an anomaly; unknown things are left blank. */
export interface ListedAnomaly {
  readonly t0Ms: number
  readonly t1Ms: number
  readonly kind?: unknown
  readonly severity?: unknown
  readonly score?: unknown
}

/** Times before 1980 count rows of a series without a time column, one second each. */
const epochFromMs = 315_532_800_000

/** A line for each anomaly, numbered as in the plot. */
export function anomalyRows(
  context: Pick<CommandContext, 'paintOut' | 'stdout'>,
  anomalies: readonly ListedAnomaly[],
): string[] {
  const paint = context.paintOut
  const rows = anomalies.map((anomaly, i) => [
    paint.dim(String(i + 1).padStart(3)),
    ...anomalyCells(anomaly, paint),
  ])
  return tableLines(rows, context.stdout)
}

/** Kind, severity, score, beginning and length. */
export function anomalyCells(anomaly: ListedAnomaly, paint: Paint): string[] {
  return [
    typeof anomaly.kind === 'string' ? plainText(anomaly.kind) : '',
    severityText(anomaly.severity, paint),
    typeof anomaly.score === 'number' ? paint.dim(`score ${anomaly.score.toFixed(1)}`) : '',
    anomaly.t0Ms < epochFromMs ? `row ${anomaly.t0Ms / 1_000}` : utcText(anomaly.t0Ms),
    paint.dim(
      anomaly.t1Ms > anomaly.t0Ms
        ? `for ${durationText(anomaly.t1Ms - anomaly.t0Ms)}`
        : 'one point',
    ),
  ]
}

function severityText(severity: unknown, paint: Paint): string {
  if (typeof severity !== 'number') return ''
  const text = `severity ${severity.toFixed(2)}`
  return severity >= 0.8 ? paint.red(text) : severity >= 0.5 ? paint.yellow(text) : text
}

/** As the plot's axis has it: UTC. */
function utcText(atMs: number): string {
  return Number.isFinite(atMs)
    ? new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')
    : String(atMs)
}
