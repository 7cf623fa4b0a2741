import { type ErrorJson, OrchestrationError } from '../../core/errors.ts'
import { addUsage, type Usage } from '../../core/usage.ts'
import {
  callLabel,
  type CallRef,
  type CallState,
  type ExecutionState,
  type NamesCall,
  refOf,
  type StepState,
} from '../../workflow/index.ts'
import type { ExecutionRow } from '../journal/journal.ts'
import type {
  ErrorLogEntry,
  ItemView,
  LogEntry,
  MetricsView,
  ProgressView,
  ShowView,
  StepShowView,
} from '../workflow-engine.ts'
import { adaptationView } from './adaptation-views.ts'
import { checkpointViews } from './checkpoint-views.ts'
import { prunedView, runView, stepRunView } from './run-view.ts'

export interface ShowParts {
  readonly row: ExecutionRow
  readonly state: ExecutionState
  readonly status: string
  readonly entries: readonly LogEntry[]
  readonly journalBytes: number
  /** Of the trace in which the execution runs now; null when there is none. */
  readonly traceId: string | null
  readonly nowMs: number
  /** Calls that wait for an agent, and for which. */
  readonly missing?: ReadonlyMap<CallRef, string>
}

/** An execution as `aura show` prints it, from its state and its whole journal. */
export function showView(parts: ShowParts): ShowView {
  const { row, state, status } = parts
  const steps: Record<string, StepShowView> = {}
  for (const step of state.steps)
    steps[step.plan.id] = { ...stepRunView(step), items: itemViews(step) }
  const progress = progressView(parts)
  return {
    ...runView(row, state, status),
    steps,
    currentSteps: progress.currentSteps,
    checkpoints: checkpointViews(state, parts.entries),
    progress,
    metrics: metricsView(parts),
    errorLog: errorLog(parts),
    ...(state.adaptations.length === 0
      ? {}
      : { adaptations: state.adaptations.map(adaptationView) }),
  }
}

/** An execution of which retention has left no more than how it ended. */
export function prunedShow(row: ExecutionRow): ShowView {
  return {
    ...prunedView(row),
    steps: {},
    currentSteps: [],
    checkpoints: [],
    progress: {
      status: row.status,
      completed: 0,
      total: 0,
      percent: 100,
      currentSteps: [],
      etaMs: null,
    },
    metrics: {
      attempts: 0,
      retries: 0,
      queueMs: 0,
      runMs: 0,
      tokens: 0,
      costUsd: 0,
      journalBytes: 0,
    },
    errorLog: [],
  }
}

function itemViews(step: StepState): readonly ItemView[] | null {
  if (step.items === null) return null
  return step.items.values.map((_, index): ItemView => {
    const call: CallState | undefined = step.calls[index]
    if (call === undefined) return { index, status: 'pending', attempt: 0, error: null }
    return { index, status: call.status, attempt: call.attempt, error: call.error }
  })
}

/** How far an execution has come. */
function progressView({
  state,
  status,
  nowMs,
}: Pick<ShowParts, 'state' | 'status' | 'nowMs'>): ProgressView {
  const currentSteps: string[] = []
  let completed = 0
  for (const { view, plan } of state.steps) {
    if (view.status === 'running') currentSteps.push(plan.id)
    else if (isDone(view.status) || (view.status === 'failed' && plan.continueOnFailure))
      completed++
  }
  const total = state.steps.length
  const elapsedMs = nowMs - state.startedAtMs
  // Nobody knows how long what is awaited will take.
  const isMoving = status === 'running'
  return {
    status,
    completed,
    total,
    percent: total === 0 ? 100 : Math.round((100 * completed) / total),
    currentSteps,
    etaMs:
      isMoving && completed > 0 ? Math.round((elapsedMs / completed) * (total - completed)) : null,
  }
}

function isDone(status: string): boolean {
  return status === 'completed' || status === 'skipped' || status === 'compensated'
}

/** What the execution has used, what its running calls have reserved included. */
export function usageOf({ spent, reserved, spentUndoing }: ExecutionState): Usage {
  return addUsage(addUsage(spent, reserved), spentUndoing)
}

function metricsView({ state, entries, journalBytes }: ShowParts): MetricsView {
  const scheduledAtMs = new Map<string, number>()
  const startedAtMs = new Map<string, number>()
  const metrics = {
    attempts: state.steps.reduce((sum, step) => sum + step.attempts, 0),
    retries: 0,
    queueMs: 0,
    runMs: 0,
    ...usageOf(state),
    journalBytes,
  }
  for (const { event, atMs } of entries) {
    if (!('step' in event) || event.step === undefined) continue
    const key = callLabel(refOf({ ...event, step: event.step }))
    switch (event.kind) {
      case 'StepScheduled':
      case 'CallScheduled':
      case 'PartScheduled':
      case 'FallbackScheduled':
      case 'CompensationScheduled':
        scheduledAtMs.set(key, atMs)
        break
      case 'AttemptStarted':
        metrics.queueMs += atMs - (scheduledAtMs.get(key) ?? atMs)
        scheduledAtMs.delete(key)
        startedAtMs.set(key, atMs)
        break
      default:
        if (event.kind === 'RetryScheduled') metrics.retries++
        metrics.runMs += atMs - (startedAtMs.get(key) ?? atMs)
        startedAtMs.delete(key)
    }
  }
  return metrics
}

function errorLog({ entries, row, traceId, missing, nowMs }: ShowParts): readonly ErrorLogEntry[] {
  const attempts = new Map<string, number>()
  const log: ErrorLogEntry[] = []
  const add = (
    error: ErrorJson,
    stepId: string | null,
    at: { atMs: number; attempt: number | null },
  ): void => {
    const { code, message } = error
    log.push({ stepId, ...at, code, message, correlationId: row.executionId, traceId })
  }
  for (const { event, atMs } of entries) {
    if (event.kind === 'AttemptStarted') attempts.set(callKey(event), event.attempt)
    else if (
      event.kind === 'FailureDecided' ||
      event.kind === 'ExecutionCancelled' ||
      event.kind === 'RollbackRefused'
    ) {
      add(event.error, null, { atMs, attempt: null })
    } else if ('step' in event && 'error' in event) {
      add(event.error, callKey(event), { atMs, attempt: attempts.get(callKey(event)) ?? null })
    }
  }
  for (const [call, what] of missing ?? []) {
    const error = new OrchestrationError('AgentUnavailableError', `${what}: the call waits`)
    add(error.toJSON(), callLabel(call), { atMs: nowMs, attempt: null })
  }
  return log
}

/** An undoing counts as the call that it undoes. */
function callKey({ undo: _undo, ...event }: NamesCall): string {
  return callLabel(refOf(event))
}
