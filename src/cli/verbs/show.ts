import type { JsonValue } from '../../core/json.ts'
import { isJsonObject } from '../../core/json.ts'
import type { LogEntry, ShowView, StepShowView } from '../../engine/index.ts'
import { findOwner } from '../../storage/index.ts'
import type { CommandContext } from '../command-context.ts'
import { executionView } from '../execution-view.ts'
import { driveCommands } from '../drive-advice.ts'
import { exitCodes } from '../exit-code.ts'
import { isMissingAgent, missingAgents } from '../owner-view.ts'
import type { MissingAgent } from '../owner-view.ts'
import { shellCommand } from '../shell-quote.ts'
import { endedStatuses, statusMark } from '../status-mark.ts'
import { durationText, momentText, timeOfDayText } from '../terminal/duration-text.ts'
import type { Paint } from '../terminal/paint.ts'
import { tableLines } from '../terminal/table.ts'
import { valueLines } from '../terminal/value-lines.ts'
import { cutToWidth, displayWidth, padToWidth, plainText } from '../terminal/width.ts'

const errorLogLinesMax = 10
const checkpointsMax = 10
const adaptationsMax = 10
const failedItemsMax = 10
const missingMax = 10
const outputColumnsMax = 120

/** `aura show ID`: how an execution stands, step by step, and what to do next. */
export async function show(context: CommandContext, executionId: string): Promise<number> {
  const { view, entries } = await executionView(context, executionId)
  if (context.isJson) context.json(view)
  else context.say(lines(context, view, entries).join('\n'))
  return exitCodes.done
}

/** Whether somebody goes on with what is open. */
function isDriven({ temporal, databasePath }: CommandContext): boolean {
  return temporal !== null || findOwner(databasePath).isOwned
}

function lines(context: CommandContext, view: ShowView, entries: readonly LogEntry[]): string[] {
  const paint = context.paintOut
  const ids = Object.keys(view.steps)
  if (ids.length === 0) return removedLines(context, view)
  const idWidth = Math.max(4, ...ids.map(displayWidth))
  const all = [...headLines(context, view, entries), '']
  for (const [i, id] of ids.entries()) {
    const step = view.steps[id] as StepShowView
    const isLast = i === ids.length - 1
    all.push(
      `${paint.dim(isLast ? '└─' : '├─')} ${stepLine(context, padToWidth(id, idWidth), step)}`,
    )
    const stem = paint.dim(isLast ? '   ' : '│  ')
    const missing = missingAgents(view).filter(({ stepId }) => stepId === id)
    for (const line of [...stepDetails(context, step), ...missingLines(context, missing)])
      all.push(`${stem}  ${line}`)
  }
  if (view.error !== null) {
    all.push('', paint.red(plainText(`${view.error.code}: ${view.error.message}`)))
    if (view.error.hint !== null) all.push(`${paint.cyan('hint:')} ${plainText(view.error.hint)}`)
  }
  all.push(...checkpointLines(context, view), ...adaptationLines(context, view))
  all.push(...errorLogLines(context, view))
  if (view.output !== null) {
    const columns = Math.min(outputColumnsMax, (context.stdout.columns ?? 100) - 3)
    all.push(
      '',
      paint.bold('output'),
      ...valueLines(view.output, columns).map((line) => `  ${line}`),
    )
  }
  return [...all, ...nextLines(context, view, entries)]
}

/** A document has a step at least: without one only the tombstone is left. */
function removedLines({ paintOut }: CommandContext, view: ShowView): string[] {
  return [
    titleLine(view, paintOut),
    paintOut.yellow('removed by retention; only how it ended is known'),
  ]
}

function titleLine(view: ShowView, paint: Paint): string {
  return `${statusMark(view.status, paint)} ${paint.bold(view.status)}  ${view.executionId}  ${paint.dim(`${view.workflow} ${view.version}`)}`
}

function headLines(
  context: CommandContext,
  view: ShowView,
  entries: readonly LogEntry[],
): string[] {
  const paint = context.paintOut
  const { metrics, progress } = view
  // Whoever has no journal at hand knows the times of the steps.
  const steps = Object.values(view.steps)
  const startMs = entries[0]?.atMs ?? Math.min(...steps.map((step) => step.startedAtMs ?? Infinity))
  const lastMs = entries.at(-1)?.atMs ?? Math.max(...steps.map((step) => step.endedAtMs ?? 0))
  const isOpen = !endedStatuses.has(view.status)
  const isStarted = startMs !== Infinity
  const took = isStarted ? (isOpen ? context.clock.nowMs() : lastMs) - startMs : 0
  const eta =
    isOpen && progress.etaMs !== null ? `, about ${durationText(progress.etaMs)} left` : ''
  return [
    titleLine(view, paint),
    paint.dim(
      `${isStarted ? `started ${momentText(startMs)}` : 'not started'}, ${durationText(took)}; ` +
        `${progress.completed} of ${progress.total} steps (${progress.percent} %)${eta}`,
    ),
    paint.dim(
      `${count(metrics.attempts, 'attempt')}, ${count(metrics.retries, 'retry', 'retries')}; calls ran ${durationText(metrics.runMs)}, waited ${durationText(metrics.queueMs)}; journal ${metrics.journalBytes} bytes`,
    ),
    ...(isOpen && !isDriven(context)
      ? [paint.yellow('nobody drives it now: no process owns the file')]
      : []),
  ]
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}

function stepLine(context: CommandContext, id: string, step: StepShowView): string {
  const paint = context.paintOut
  const took =
    step.startedAtMs === null
      ? ''
      : durationText((step.endedAtMs ?? context.clock.nowMs()) - step.startedAtMs)
  const attempts = step.attempts > 1 ? `${step.attempts} attempts` : ''
  const items =
    step.items === null
      ? ''
      : `${step.items.filter((item) => item.status === 'completed').length}/${step.items.length} items`
  const facts = [took, items, attempts].filter((text) => text !== '').join('  ')
  return `${statusMark(step.status, paint)} ${paint.bold(id)}  ${padToWidth(step.status, 11)}  ${facts}`
}

function stepDetails(context: CommandContext, step: StepShowView): string[] {
  const paint = context.paintOut
  const width = Math.max(40, (context.stdout.columns ?? 120) - 8)
  const details: string[] = []
  if (step.degraded !== null) {
    const { from, to, because } = step.degraded
    details.push(paint.yellow(plainText(`degraded: ${from} → ${to} because ${because}`)))
  }
  if (step.error !== null) details.push(paint.red(cutToWidth(errorText(step.error), width)))
  const failed = step.items?.filter((item) => item.error !== null) ?? []
  for (const item of failed.slice(0, failedItemsMax)) {
    const error = item.error as { code: string; message: string }
    details.push(
      cutToWidth(
        paint.red(plainText(`[${item.index}] ${item.status}: ${error.code}: ${error.message}`)),
        width,
      ),
    )
  }
  if (failed.length > failedItemsMax)
    details.push(paint.dim(`… ${failed.length - failedItemsMax} more items with errors`))
  return details
}

function missingLines(context: CommandContext, missing: readonly MissingAgent[]): string[] {
  const lines = missing
    .slice(0, missingMax)
    .map(({ label, what }) => context.paintOut.yellow(plainText(`${label} waits: ${what}`)))
  const hidden = missing.length - lines.length
  return hidden === 0 ? lines : [...lines, context.paintOut.dim(`… ${hidden} more calls wait so`)]
}

function errorText(error: JsonValue): string {
  if (!isJsonObject(error)) return plainText(JSON.stringify(error))
  const { code, message } = error
  if (typeof code === 'string' && typeof message === 'string')
    return plainText(`${code}: ${message}`)
  return plainText(JSON.stringify(error))
}

/** Those with a name or a reason of their own; every completed step is one beside them. */
function adaptationLines({ paintOut, stdout }: CommandContext, view: ShowView): string[] {
  const { adaptations = [] } = view
  if (adaptations.length === 0) return []
  const rows = adaptations.slice(-adaptationsMax).map((one) => {
    const steps = one.changes.map(({ stepId }) => stepId)
    const what = [...steps, ...(one.pause ? ['paused'] : [])].join(', ')
    const text = `${plainText(one.because)}${one.isReverted ? paintOut.yellow(' (reverted)') : ''}`
    return [timeOfDayText(one.atMs), plainText(one.adaptationId), plainText(what), text]
  })
  return ['', paintOut.bold('adaptations'), ...tableLines(rows, stdout)]
}

function checkpointLines(context: CommandContext, view: ShowView): string[] {
  const named = view.checkpoints.filter(
    ({ label, reason }) => label !== null || reason !== 'completion',
  )
  if (named.length === 0) return []
  const paint = context.paintOut
  const shown = named.slice(-checkpointsMax)
  const rows = shown.map(({ checkpointId, stepId, label, reason, atMs }) => [
    timeOfDayText(atMs),
    plainText(label ?? checkpointId),
    paint.dim(
      reason === 'completion'
        ? `when ${stepId} completed`
        : reason === 'verb'
          ? 'taken'
          : 'anomaly',
    ),
  ])
  const hidden = named.length - shown.length
  const head =
    hidden === 0 ? 'checkpoints' : `checkpoints (the last ${shown.length} of ${named.length})`
  return ['', paint.bold(head), ...tableLines(rows, context.stdout)]
}

function errorLogLines(context: CommandContext, view: ShowView): string[] {
  // What only waits stands beside its step.
  const errors = view.errorLog.filter((entry) => !isMissingAgent(entry))
  if (errors.length === 0) return []
  const paint = context.paintOut
  const shown = errors.slice(-errorLogLinesMax)
  const hidden = errors.length - shown.length
  const head = hidden === 0 ? 'errors' : `errors (the last ${shown.length} of ${errors.length})`
  return [
    '',
    paint.bold(head),
    ...shown.map((entry) => {
      const attempt = entry.attempt === null ? '' : ` attempt ${entry.attempt}`
      const where = entry.stepId === null ? 'execution' : `${entry.stepId}${attempt}`
      return plainText(`${timeOfDayText(entry.atMs)}  ${where}  ${entry.code}: ${entry.message}`)
    }),
  ]
}

/** The commands that make sense for an execution that stands like this. */
function nextLines(
  context: CommandContext,
  view: ShowView,
  entries: readonly LogEntry[],
): string[] {
  const { commandName, placeArgument, paintOut } = context
  const command = (...words: string[]): string =>
    `  ${shellCommand([commandName, ...words])}${placeArgument}`
  const next: string[] = []
  for (const signal of awaitedSignals(view, entries))
    next.push(command('signal', view.executionId, signal))
  for (const label of uncertainCalls(view))
    next.push(
      `  ${paintOut.dim(`# find out whether ${label} happened, then say one of these:`)}`,
      `${command('resolve', view.executionId, label, '--succeed', '{}')}  ${paintOut.dim('# it happened; its output instead of {}')}`,
      `${command('resolve', view.executionId, label, '--retry')}  ${paintOut.dim('# it did not: call again, same key')}`,
      `${command('resolve', view.executionId, label, '--fail')}  ${paintOut.dim('# give up on it')}`,
    )
  if (view.status === 'paused') next.push(command('resume', view.executionId))
  if (!endedStatuses.has(view.status)) {
    if (!isDriven(context)) {
      for (const { command, what } of driveCommands(
        context,
        view.executionId,
        `${view.workflow} ${view.version}`,
      ))
        next.push(`  ${command}  ${paintOut.dim(`# ${what}`)}`)
    }
    next.push(command('cancel', view.executionId))
  }
  if (view.status === 'failed') next.push(command('dlq', 'redrive', view.executionId))
  next.push(command('logs', view.executionId))
  return ['', paintOut.dim('next'), ...next]
}

function awaitedSignals(view: ShowView, entries: readonly LogEntry[]): ReadonlySet<string> {
  const bySite = new Map<string, string>()
  for (const { event } of entries) {
    if (event.kind === 'CallSuspended') bySite.set(event.step, event.signal)
    else if (event.kind === 'StepScheduled' || event.kind === 'CallScheduled') {
      if (event.call?.signal !== undefined) bySite.set(event.step, event.call.signal)
    }
  }
  return new Set(
    [...bySite]
      .filter(([step]) => view.steps[step]?.status === 'waiting')
      .map(([, signal]) => signal),
  )
}

function uncertainCalls(view: ShowView): readonly string[] {
  return Object.entries(view.steps)
    .filter(([, step]) => step.status === 'uncertain')
    .flatMap(([id, step]) =>
      step.items === null
        ? [id]
        : step.items
            .filter((item) => item.status === 'uncertain')
            .map((item) => `${id}[${item.index}]`),
    )
}
