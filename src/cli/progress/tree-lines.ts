import { assertNever } from '../../core/assert.ts'
import { statusMark } from '../status-mark.ts'
import type { Paint } from '../terminal/paint.ts'
import { durationText } from '../terminal/duration-text.ts'
import { cutToWidth, displayWidth, padToWidth, plainText } from '../terminal/width.ts'
import type { ProgressModel, StepProgress, WaitReason } from './progress-model.ts'

export interface TreeLook {
  readonly nowMs: number
  /** Lines that may be used. */
  readonly rows: number
  readonly columns: number
  readonly paint: Paint
}

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const
const spinnerStepMs = 80
const barWidth = 16

/** The picture of a running execution: a head line and a line for each step. */
export function treeLines(model: ProgressModel, look: TreeLook): string[] {
  const { paint } = look
  const idWidth = Math.min(28, Math.max(...model.steps.map((step) => displayWidth(step.id)), 4))
  const workWidth = Math.min(30, Math.max(...model.steps.map((step) => displayWidth(step.work)), 4))
  const shown = fittingSteps(model.steps, look.rows - 2)
  const lines = shown.steps.map((step, i) => {
    const isLast = i === shown.steps.length - 1 && shown.hidden === 0
    const branch = paint.dim(isLast ? '└─' : '├─')
    const id = padToWidth(cutToWidth(plainText(step.id), idWidth), idWidth)
    const work = padToWidth(cutToWidth(plainText(step.work), workWidth), workWidth)
    const isQuiet = step.status === 'pending' || step.status === 'skipped'
    const name = isQuiet ? paint.dim(`${id}  ${work}`) : `${paint.bold(id)}  ${paint.dim(work)}`
    return `${branch} ${icon(step, look)} ${name}  ${stateText(step, look)}`
  })
  if (shown.hidden > 0) lines.push(paint.dim(`└─ … ${shown.hidden} more steps`))
  return [headLine(model, look), ...lines]
}

/** What is shown first when rows are short. */
function rank(step: StepProgress): number {
  if (step.status === 'running') return 0
  if (step.status === 'failed') return 1
  return step.status === 'pending' ? 2 : 3
}

/** When rows are short, steps that are under way or have failed go first, then the newest finished ones. */
function fittingSteps(
  steps: readonly StepProgress[],
  rows: number,
): { readonly steps: readonly StepProgress[]; readonly hidden: number } {
  if (steps.length <= rows) return { steps, hidden: 0 }
  const room = Math.max(1, rows - 1)
  const chosen = new Set(
    steps
      .map((step, place) => ({ step, place }))
      .toSorted(
        (a, b) =>
          rank(a.step) - rank(b.step) ||
          (rank(a.step) === 3 ? b.place - a.place : a.place - b.place),
      )
      .slice(0, room)
      .map(({ step }) => step),
  )
  return { steps: steps.filter((step) => chosen.has(step)), hidden: steps.length - chosen.size }
}

function headLine(model: ProgressModel, { nowMs, paint }: TreeLook): string {
  const settled = model.steps.filter(
    (step) => step.status !== 'pending' && step.status !== 'running',
  ).length
  const spentMs = model.startedAtMs === null ? 0 : (model.endedAtMs ?? nowMs) - model.startedAtMs
  const parts = [
    paint.bold(plainText(model.title)),
    paint.dim(model.executionId),
    phaseText(model, paint),
  ]
  parts.push(paint.dim(`${settled}/${model.steps.length} steps  ${durationText(spentMs)}`))
  return parts.filter((part) => part !== '').join('  ')
}

function phaseText(model: ProgressModel, paint: Paint): string {
  if (model.outcome === 'completed') return paint.green('completed')
  if (model.outcome !== null) return paint.red(model.outcome)
  if (model.phase === 'compensating') return paint.yellow('compensating')
  if (model.phase === 'rollingBack') return paint.yellow('going back')
  if (model.phase === 'cancelling') return paint.yellow('cancelling')
  if (model.phase === 'failing') return paint.red('failing')
  return model.isPaused ? paint.yellow('paused') : ''
}

function icon(step: StepProgress, { nowMs, paint }: TreeLook): string {
  if (step.status === 'completed' && step.fallback !== null) return paint.yellow('✔')
  if (step.status !== 'running') return statusMark(step.status, paint)
  const reason = firstWait(step)
  if (reason?.kind === 'uncertain') return statusMark('uncertain', paint)
  if (reason !== null && step.running === 0) return statusMark('waiting', paint)
  return paint.cyan(spinner[Math.floor(nowMs / spinnerStepMs) % spinner.length] as string)
}

function stateText(step: StepProgress, look: TreeLook): string {
  const { paint, nowMs } = look
  if (step.status === 'pending')
    return paint.dim(step.needs.length === 0 ? '' : `← ${step.needs.join(', ')}`)
  if (step.status === 'skipped') {
    return paint.dim(
      step.skippedBecause === 'when' ? 'skipped: when is false' : 'skipped: its needs were',
    )
  }
  const parts: string[] = []
  if (step.startedAtMs !== null) {
    parts.push(durationText((step.endedAtMs ?? nowMs) - step.startedAtMs))
  }
  if (step.items !== null) parts.push(itemsText(step.items, paint))
  if (step.retries > 0)
    parts.push(paint.yellow(step.retries === 1 ? '1 retry' : `${step.retries} retries`))
  if (step.fallback !== null) parts.push(paint.yellow(`fallback ${step.fallback.to}`))
  if (step.compensations > 0) parts.push(paint.yellow(`${step.compensations} undone`))
  if (step.status === 'running') {
    const reason = firstWait(step)
    if (reason !== null) parts.push(waitText(reason, nowMs, paint))
    else if (step.note !== null) parts.push(noteText(step.note, paint))
  }
  if (step.status === 'failed' && step.error !== null)
    parts.push(paint.red(plainText(step.error.message)))
  return parts.join('  ')
}

function itemsText(items: { total: number; done: number; failed: number }, paint: Paint): string {
  const share = items.total === 0 ? 1 : (items.done + items.failed) / items.total
  const full = Math.round(share * barWidth)
  const bar = `${paint.green('█'.repeat(full))}${paint.dim('░'.repeat(barWidth - full))}`
  const failed = items.failed === 0 ? '' : paint.red(` ${items.failed} failed`)
  return `${bar} ${items.done}/${items.total}${failed}`
}

function noteText(note: { fraction: number; text: string | null }, paint: Paint): string {
  const percent = `${Math.round(100 * Math.min(1, Math.max(0, note.fraction)))} %`
  return paint.dim(note.text === null ? percent : `${percent} ${plainText(note.text)}`)
}

/** What keeps the step from going on; an uncertain call goes before all others. */
export function firstWait(step: StepProgress): WaitReason | null {
  let first: WaitReason | null = null
  for (const reason of step.waits.values()) {
    if (reason.kind === 'uncertain') return reason
    first ??= reason
  }
  return first
}

/** Why a step waits, in words. */
export function waitText(reason: WaitReason, nowMs: number, paint: Paint): string {
  const left = (dueAtMs: number): string => durationText(Math.max(0, dueAtMs - nowMs))
  switch (reason.kind) {
    case 'sleep':
      return paint.yellow(`sleeps, ${left(reason.dueAtMs)} left`)
    case 'signal': {
      const limit = reason.dueAtMs === null ? '' : ` (${left(reason.dueAtMs)} left)`
      return paint.yellow(`waits for signal '${plainText(reason.signal)}'${limit}`)
    }
    case 'retry':
      return paint.yellow(
        `tries again in ${left(reason.dueAtMs)}: ${plainText(reason.error.message)}`,
      )
    case 'poll':
      return paint.yellow(`asks again in ${left(reason.dueAtMs)}`)
    case 'uncertain':
      return paint.red(`outcome unknown: ${plainText(reason.error.message)}`)
    case 'agent':
      return paint.yellow(`waits: ${plainText(reason.what)}`)
    case 'child':
      return `runs as ${plainText(reason.executionId)}`
    default:
      return assertNever(reason, 'wait')
  }
}
