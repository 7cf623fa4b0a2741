import type { ErrorJson } from '../core/errors.ts'
import type { JsonValue } from '../core/json.ts'
import type { LogEntry, RunView } from '../engine/index.ts'
import type { WorkflowDocument } from '../workflow/index.ts'
import { anomalyPlots } from './anomaly-plots.ts'
import type { CommandContext } from './command-context.ts'
import { exitCodeOfStatus } from './exit-code.ts'
import { statusMark } from './status-mark.ts'
import { durationText } from './terminal/duration-text.ts'
import { valueLines } from './terminal/value-lines.ts'
import { plainLines, plainText } from './terminal/width.ts'

/** Lines of output that the report shows before it refers to `aura show`. */
const outputLinesMax = 60
const outputColumnsMax = 120

/** Tells how an execution ended, and gives the exit code for it. */
export async function reportEnd(
  context: CommandContext,
  document: WorkflowDocument,
  ended: { readonly view: RunView; readonly entries: readonly LogEntry[] },
): Promise<number> {
  if (context.isJson) context.json(ended.view)
  else context.say(await runReport(context, document, ended))
  return exitCodeOfStatus(ended.view.status)
}

/** What `aura run` tells at the end: how it ended, the series with its anomalies, the output, what to do next. */
async function runReport(
  context: CommandContext,
  document: WorkflowDocument,
  ended: { readonly view: RunView; readonly entries: readonly LogEntry[] },
): Promise<string> {
  const { view, entries } = ended
  const paint = context.paintOut
  const lines = [headLine(context, view, entries), '']
  for (const plot of await anomalyPlots(context, document, entries)) lines.push(...plot, '')
  if (view.error !== null) lines.push(...errorLines(context, view.error), '')
  for (const { stepId, from, to, because } of view.degraded) {
    const what = stepId === null ? 'degraded' : `${stepId} is degraded`
    lines.push(
      paint.yellow(`${what}: ${plainText(from)} → ${plainText(to)} because ${plainText(because)}`),
    )
  }
  if (view.output !== null)
    lines.push(paint.bold('output'), ...outputLines(context, view.output), '')
  lines.push(...nextLines(context, view))
  return lines.join('\n')
}

function headLine(context: CommandContext, view: RunView, entries: readonly LogEntry[]): string {
  const paint = context.paintOut
  const first = entries[0]
  const last = entries.at(-1)
  const took =
    first === undefined || last === undefined ? '' : ` in ${durationText(last.atMs - first.atMs)}`
  const attempts = Object.values(view.steps).reduce((sum, step) => sum + step.attempts, 0)
  const done = Object.values(view.steps).filter((step) => step.status === 'completed').length
  const steps = `${done} of ${Object.keys(view.steps).length} steps completed, ${attempts} calls`
  const verdict = `${statusMark(view.status, paint)} ${paint.bold(view.status)}${took}`
  return `${verdict}  ${paint.dim(`${view.workflow} ${view.version}  ${view.executionId}  ${steps}`)}`
}

/** An error with its hint, for a person. */
function errorLines(context: CommandContext, error: ErrorJson): string[] {
  const paint = context.paintOut
  const lines = plainLines(`${error.code}: ${error.message}`).map((line) => paint.red(line))
  return error.hint === null ? lines : [...lines, `${paint.cyan('hint:')} ${plainText(error.hint)}`]
}

function outputLines(context: CommandContext, output: JsonValue): string[] {
  const columns = Math.min(outputColumnsMax, (context.stdout.columns ?? 100) - 3)
  const lines = valueLines(output, columns).map((line) => `  ${line}`)
  if (lines.length <= outputLinesMax) return lines
  return [...lines.slice(0, outputLinesMax), `  … ${lines.length - outputLinesMax} more lines`]
}

function nextLines(context: CommandContext, view: RunView): string[] {
  const { commandName, placeArgument, paintOut } = context
  const command = (words: string): string => `  ${commandName} ${words}${placeArgument}`
  return [
    paintOut.dim('next'),
    command(`show ${view.executionId}`),
    command(`logs ${view.executionId}`),
  ]
}
