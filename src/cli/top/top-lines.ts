import type { Paint } from '../terminal/paint.ts'
import { statusMark } from '../status-mark.ts'
import { waitText } from '../progress/tree-lines.ts'
import { durationText } from '../terminal/duration-text.ts'
import { tableLines } from '../terminal/table.ts'
import type { TableTarget } from '../terminal/table.ts'
import { plainText } from '../terminal/width.ts'
import { listedMax } from './open-executions.ts'
import type { OpenExecution, TopSnapshot } from './open-executions.ts'

/** A snapshot as lines: totals, then a row for each execution. */
export function topLines(snapshot: TopSnapshot, paint: Paint, target: TableTarget): string[] {
  const { counts, rates, executions, atMs } = snapshot
  const parts = Object.entries(counts)
    .filter(([, number]) => number > 0)
    .map(([status, number]) => `${statusMark(status, paint)} ${countText(number)} ${status}`)
  const pace =
    rates === null
      ? ''
      : paint.dim(
          `${rateText(rates.started)} started, ${rateText(rates.ended)} ended, ${rateText(rates.events)} events a second`,
        )
  const head = [parts.length === 0 ? 'nothing is open' : parts.join('  '), pace]
  const lines = [head.filter((text) => text !== '').join('   ')]
  if (executions.length === 0) return lines
  const titles = ['  STATUS', 'EXECUTION', 'WORKFLOW', 'STEPS', 'AGE', 'DOES'].map((title) =>
    paint.dim(title),
  )
  const rows = executions.map((execution) => [
    `${statusMark(execution.status, paint)} ${execution.status}`,
    execution.executionId,
    `${execution.workflow} ${execution.version}`,
    `${execution.completed}/${execution.total}`,
    durationText(atMs - execution.startedAtMs),
    workText(execution, atMs, paint),
  ])
  return [...lines, '', ...tableLines([titles, ...rows], target)]
}

function workText(execution: OpenExecution, nowMs: number, paint: Paint): string {
  const { waitingFor, currentSteps } = execution
  const waits = waitingFor.map(
    ({ stepId, reason }) => `${plainText(stepId)} ${waitText(reason, nowMs, paint)}`,
  )
  const waiting = new Set(waitingFor.map(({ stepId }) => stepId))
  const works = currentSteps.filter((id) => !waiting.has(id))
  return [works.join(', '), ...waits].filter((text) => text !== '').join('; ')
}

function countText(number: number): string {
  return number >= listedMax ? `${listedMax}+` : String(number)
}

function rateText(perSecond: number): string {
  return perSecond >= 100 ? String(Math.round(perSecond)) : perSecond.toFixed(1)
}
