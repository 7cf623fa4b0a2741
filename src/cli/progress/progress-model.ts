import type { ErrorJson } from '../../core/errors.ts'
import type { LogEntry, ProgressNote } from '../../engine/index.ts'
import type { NamesCall, StepDocument, WorkflowDocument } from '../../workflow/index.ts'
import { callName } from './call-name.ts'
import { workText } from './work-text.ts'

/** Why a call waits. */
export type WaitReason =
  | { readonly kind: 'sleep'; readonly dueAtMs: number }
  | { readonly kind: 'signal'; readonly signal: string; readonly dueAtMs: number | null }
  | { readonly kind: 'retry'; readonly dueAtMs: number; readonly error: ErrorJson }
  | { readonly kind: 'poll'; readonly dueAtMs: number }
  | { readonly kind: 'uncertain'; readonly error: ErrorJson }
  | { readonly kind: 'child'; readonly executionId: string }
  /** No event tells of it: only the owner knows. */
  | { readonly kind: 'agent'; readonly what: string }

/** How one step stands, as far as the events seen tell. */
export interface StepProgress {
  readonly id: string
  /** What it does, in a few words: `observer.detect`, `sleep 2s`. */
  readonly work: string
  readonly needs: readonly string[]
  status: 'pending' | 'running' | 'completed' | 'failed' | 'skipped' | 'cancelled' | 'compensated'
  startedAtMs: number | null
  endedAtMs: number | null
  /** Null without `forEach`. */
  items: { readonly total: number; done: number; failed: number } | null
  attempts: number
  retries: number
  running: number
  /** Calls for which a pattern works: their parts have the attempts. */
  readonly patterns: Set<string>
  /** By call label; what the step waits for now. */
  readonly waits: Map<string, WaitReason>
  skippedBecause: 'needs' | 'when' | null
  fallback: { readonly to: number; readonly because: string } | null
  error: ErrorJson | null
  note: { readonly fraction: number; readonly text: string | null } | null
  compensations: number
}

/**
 * What a watcher of an execution knows: folded from its events, for showing only. Nothing is decided
 * by it, and an event it does not know changes nothing.
 */
export class ProgressModel {
  readonly executionId: string
  readonly title: string
  readonly steps: readonly StepProgress[]
  readonly #byId = new Map<string, StepProgress>()
  readonly #goingBack = new Set<string>()
  /** Adaptations that have paused it. */
  readonly #pausedBy = new Set<string>()
  startedAtMs: number | null = null
  endedAtMs: number | null = null
  outcome: 'completed' | 'failed' | 'cancelled' | null = null
  phase: 'forward' | 'failing' | 'cancelling' | 'compensating' | 'rollingBack' = 'forward'
  isPaused = false
  lastSeq = 0

  constructor(executionId: string, document: WorkflowDocument) {
    this.executionId = executionId
    this.title = `${document.name} ${document.version}`
    this.steps = orderOf(document).map((id) => stepOf(id, document.steps[id] as StepDocument))
    for (const step of this.steps) this.#byId.set(step.id, step)
  }

  step(id: string): StepProgress | undefined {
    return this.#byId.get(id)
  }

  /** Takes one recorded event; repeated ones are passed over. */
  take(entry: LogEntry): void {
    if (entry.seq <= this.lastSeq) return
    this.lastSeq = entry.seq
    const { event, atMs } = entry
    if (event.kind === 'StateChanged' || event.kind === 'EventsPublished') return
    if (event.kind === 'MemoryChanged') return
    if (event.kind === 'PolicyDecided') return this.#takePolicy(entry, event)
    if (!('step' in event)) {
      this.#takeOwn(entry)
      return
    }
    const step = this.#byId.get(event.step)
    if (step === undefined) return
    if ('undo' in event && event.undo !== undefined) {
      if (event.kind === 'CallCompleted') {
        step.compensations++
        if (step.compensations >= (step.items?.done ?? 1)) step.status = 'compensated'
      }
      return
    }
    switch (event.kind) {
      case 'StepScheduled':
        step.status = 'running'
        step.startedAtMs = atMs
        step.items =
          event.items === undefined ? null : { total: event.items.length, done: 0, failed: 0 }
        if (event.items?.length === 0) end(step, 'completed', atMs)
        wait(step, event, waitOf(event.call))
        break
      case 'CallScheduled':
        wait(step, event, waitOf(event.call))
        break
      case 'ApprovalAwaited':
        Object.assign(step, { status: 'running', startedAtMs: atMs })
        wait(step, event, { kind: 'signal', signal: event.signal, dueAtMs: null })
        break
      case 'StepSkipped':
        step.skippedBecause = event.reason
        end(step, 'skipped', atMs)
        break
      case 'StepFailed':
        step.error = event.error
        end(step, 'failed', atMs)
        break
      default:
        takeCall(step, event, atMs)
    }
  }

  /** Takes what an agent says while it works. */
  takeNote(note: ProgressNote): void {
    const step = this.#byId.get(note.stepId)
    if (step !== undefined) step.note = { fraction: note.fraction, text: note.note }
  }

  /** A policy makes the step wait for an approval. */
  #takePolicy({ atMs }: LogEntry, { step: id, decision, dueAtMs }: PolicyDecided): void {
    const step = id === undefined ? undefined : this.#byId.get(id)
    const { approval } = decision.values
    if (step === undefined || approval === undefined) return
    Object.assign(step, { status: 'running', startedAtMs: atMs })
    const signal = approval.signal ?? `approve-${step.id}`
    wait(step, { step: step.id }, { kind: 'signal', signal, dueAtMs: dueAtMs ?? null })
  }

  #takeOwn({ event, atMs }: LogEntry): void {
    switch (event.kind) {
      case 'ExecutionStarted':
        this.startedAtMs = atMs
        break
      case 'ExecutionPaused':
        this.isPaused = true
        break
      case 'ExecutionResumed':
        this.isPaused = false
        break
      case 'ExecutionAdapted':
        if (event.pause === true) this.#pausedBy.add(event.id)
        if (event.pause === true) this.isPaused = true
        break
      case 'AdaptationReverted':
        if (this.#pausedBy.delete(event.id)) this.isPaused = false
        break
      case 'CancelRequested':
        this.phase = 'cancelling'
        break
      case 'ExecutionForked':
        for (const { step, status, attempts, startedAtMs, endedAtMs } of event.steps) {
          const known = this.#byId.get(step)
          if (known !== undefined)
            Object.assign(known, { status, attempts, startedAtMs, endedAtMs })
        }
        break
      case 'RollbackRequested':
        this.#reopen('rollingBack')
        for (const step of event.steps) this.#goingBack.add(step)
        break
      case 'RolledBack':
        this.#reopen('forward')
        this.#reset([...this.#goingBack])
        this.#goingBack.clear()
        break
      case 'ExecutionRedriven':
        this.#reopen('forward')
        this.#reset([...event.reset, ...event.anew])
        for (const id of event.again) {
          const step = this.#byId.get(id)
          if (step !== undefined)
            Object.assign(step, { status: 'running', endedAtMs: null, error: null })
        }
        break
      case 'FailureDecided':
      case 'ExecutionTimedOut':
        this.phase = 'failing'
        break
      case 'CompensationStarted':
        this.phase = 'compensating'
        break
      case 'ExecutionCompleted':
        this.#end('completed', atMs)
        break
      case 'ExecutionFailed':
        this.#end('failed', atMs)
        break
      case 'ExecutionCancelled':
        this.#end('cancelled', atMs)
        break
      default: // signals change nothing until they are delivered
    }
  }

  /** It goes on, also after it had ended. */
  #reopen(phase: ProgressModel['phase']): void {
    this.phase = phase
    this.outcome = null
    this.endedAtMs = null
  }

  /** Steps that are decided anew, or whose calls are made again. */
  #reset(ids: readonly string[]): void {
    for (const id of ids) {
      const step = this.#byId.get(id)
      if (step === undefined) continue
      Object.assign(step, newStep(id, step.work, step.needs))
    }
  }

  #end(outcome: 'completed' | 'failed' | 'cancelled', atMs: number): void {
    this.outcome = outcome
    this.endedAtMs = atMs
    for (const step of this.steps) {
      if (step.status === 'running')
        end(step, outcome === 'completed' ? 'completed' : 'cancelled', atMs)
    }
  }
}

type PolicyDecided = LogEntry['event'] & { readonly kind: 'PolicyDecided' }

type CallEvent = Exclude<
  Extract<LogEntry['event'], NamesCall>,
  { readonly kind: 'StateChanged' | 'EventsPublished' | 'PolicyDecided' | 'MemoryChanged' }
>

/** Events of one call: every one of them ends what the call waited for before. */
function takeCall(step: StepProgress, event: CallEvent, atMs: number): void {
  if (event.kind === 'AttemptStarted') {
    step.attempts++
    step.running++
  } else if (step.running > 0 && endsAttempt.has(event.kind) && !step.patterns.has(callName(event)))
    step.running--
  wait(step, event, null)
  if (endsAttempt.has(event.kind)) step.patterns.delete(callName(event))
  // What becomes of a part is its pattern's to judge.
  if ('part' in event && event.part !== undefined && endsCall(event)) return
  switch (event.kind) {
    case 'RetryScheduled':
      step.retries++
      wait(step, event, { kind: 'retry', dueAtMs: event.dueAtMs, error: event.error })
      break
    case 'CallRefused':
      wait(step, event, { kind: 'retry', dueAtMs: event.dueAtMs, error: event.error })
      break
    case 'CallSkipped':
      if (step.items === null) end(step, 'skipped', atMs)
      else settle(step, atMs, null)
      break
    case 'FallbackScheduled':
      step.fallback = { to: event.fallback, because: event.error.message }
      break
    case 'PollCompleted':
      wait(step, event, { kind: 'poll', dueAtMs: event.dueAtMs })
      break
    case 'CallSuspended':
      wait(step, event, { kind: 'signal', signal: event.signal, dueAtMs: null })
      break
    case 'CallUncertain':
      wait(step, event, { kind: 'uncertain', error: event.error })
      break
    case 'PatternStarted':
      step.patterns.add(callName(event))
      break
    case 'ChildStarted':
      wait(step, event, { kind: 'child', executionId: event.executionId })
      break
    case 'CallCompleted':
      settle(step, atMs, null)
      break
    case 'CallFailed':
      settle(step, atMs, event.error)
      break
    case 'CallCancelled':
      if (step.items === null || step.running === 0) end(step, 'cancelled', atMs)
      break
    default: // the others only end what was waited for
  }
}

function endsCall({ kind }: CallEvent): boolean {
  return kind === 'CallCompleted' || kind === 'CallFailed' || kind === 'CallCancelled'
}

const endsAttempt: ReadonlySet<string> = new Set([
  'AttemptLost',
  'RetryScheduled',
  'FallbackScheduled',
  'PollCompleted',
  'CallSuspended',
  'CallUncertain',
  'CallCompleted',
  'CallFailed',
  'CallCancelled',
])

function settle(step: StepProgress, atMs: number, error: ErrorJson | null): void {
  if (error !== null) step.error = error
  const { items } = step
  if (items === null) {
    end(step, error === null ? 'completed' : 'failed', atMs)
    return
  }
  if (error === null) items.done++
  else items.failed++
  if (items.failed > 0 && step.running === 0) end(step, 'failed', atMs)
  else if (items.done + items.failed >= items.total) end(step, 'completed', atMs)
}

function end(step: StepProgress, status: StepProgress['status'], atMs: number): void {
  step.status = status
  step.endedAtMs = atMs
  step.note = null
  if (status !== 'running') step.waits.clear()
}

function wait(step: StepProgress, ref: NamesCall, reason: WaitReason | null): void {
  const label = callName(ref)
  if (reason === null) step.waits.delete(label)
  else step.waits.set(label, reason)
}

function waitOf(
  call: { readonly signal?: string; readonly dueAtMs?: number } | undefined,
): WaitReason | null {
  if (call?.signal !== undefined)
    return { kind: 'signal', signal: call.signal, dueAtMs: call.dueAtMs ?? null }
  return call?.dueAtMs === undefined ? null : { kind: 'sleep', dueAtMs: call.dueAtMs }
}

function stepOf(id: string, step: StepDocument): StepProgress {
  return newStep(id, workText(step), step.needs)
}

function newStep(id: string, work: string, needs: readonly string[]): StepProgress {
  return {
    id,
    work,
    needs,
    status: 'pending',
    startedAtMs: null,
    endedAtMs: null,
    items: null,
    attempts: 0,
    retries: 0,
    running: 0,
    patterns: new Set(),
    waits: new Map(),
    skippedBecause: null,
    fallback: null,
    error: null,
    note: null,
    compensations: 0,
  }
}

/** Step ids so that each comes after its needs; otherwise as the document has them. */
export function orderOf(document: WorkflowDocument): readonly string[] {
  const order: string[] = []
  const seen = new Set<string>()
  // A stack of its own: a chain of 10,000 steps must not overflow the call stack.
  for (const root of Object.keys(document.steps)) {
    const stack: { readonly id: string; next: number }[] = [{ id: root, next: 0 }]
    while (stack.length > 0) {
      const top = stack.at(-1) as { id: string; next: number }
      const need = (document.steps[top.id]?.needs ?? [])[top.next++]
      if (need !== undefined) {
        if (!seen.has(need)) stack.push({ id: need, next: 0 })
        continue
      }
      stack.pop()
      if (seen.has(top.id)) continue
      seen.add(top.id)
      order.push(top.id)
    }
  }
  return order
}
