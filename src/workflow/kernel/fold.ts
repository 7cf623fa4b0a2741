import { assertNever, invariant } from '../../core/assert.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { tdaStateKey } from '../../core/state-key.ts'
import type { KernelEvent } from './events.ts'
import { foldAdaptation } from './fold-adaptation.ts'
import { foldChanges } from './entries.ts'
import { foldCallEvent } from './fold-call.ts'
import { foldPattern } from './fold-pattern.ts'
import { foldPolicy } from './fold-policy.ts'
import { foldReopening } from './fold-reopening.ts'
import { createCall, isOwn, settleStep, takeReady } from './fold-step.ts'
import { type ExecutionState, findStep, type ItemsState, type StepState } from './state.ts'

/**
 * Takes one recorded event into the state, in place. Evaluates nothing and decides nothing: the same
 * events give the same state on every computer and in every later version.
 *
 * @param atMs when the event was recorded
 */
export function fold(state: ExecutionState, event: KernelEvent, atMs: number): void {
  state.seq++
  switch (event.kind) {
    case 'ExecutionStarted':
      return foldStart(state, event, atMs)
    case 'StepScheduled':
    case 'CallScheduled':
    case 'StepSkipped':
    case 'StepFailed':
      return foldStep(state, event, atMs)
    case 'ExecutionForked':
    case 'RollbackRequested':
    case 'RolledBack':
    case 'RollbackRefused':
    case 'ExecutionRedriven':
    case 'UndoRequested':
    case 'CompensationRedriven':
    case 'DeadLetterDiscarded':
      return foldReopening(state, event, atMs)
    case 'PolicyDecided':
    case 'StepApproved':
      return foldPolicy(state, event, atMs)
    case 'ExecutionAdapted':
    case 'AdaptationReverted':
    case 'ApprovalAwaited':
      return foldAdaptation(state, event, atMs)
    case 'EventsPublished':
    case 'MemoryChanged':
      return // it is others who have something to do
    case 'StateChanged':
    case 'CheckpointTaken':
    case 'TdaObserved':
    case 'SignalReceived':
    case 'ExecutionPaused':
    case 'ExecutionResumed':
      return foldHeard(state, event, atMs)
    case 'CancelRequested':
    case 'ExecutionTimedOut':
    case 'FailureDecided':
    case 'CompensationStarted':
    case 'ExecutionCompleted':
    case 'ExecutionFailed':
    case 'ExecutionCancelled':
      return foldEnding(state, event, atMs)
    case 'CallCompleted':
    case 'CallFailed': {
      const call = foldCallEvent(state, event, atMs)
      if (isOwn(call)) foldCallEnd(state, event, atMs)
      return
    }
    case 'CallSkipped':
      foldCallEvent(state, event, atMs)
      return foldSkipped(state, event, atMs)
    case 'PatternStarted':
    case 'PartScheduled':
    case 'PatternDecided':
      return foldPattern(state, event)
    // What is left are the other events of one call; of any other kind this is a type error.
    default:
      foldCallEvent(state, event, atMs)
  }
}

type HeardEvent = KernelEvent & {
  kind:
    | 'StateChanged'
    | 'CheckpointTaken'
    | 'TdaObserved'
    | 'SignalReceived'
    | 'ExecutionPaused'
    | 'ExecutionResumed'
}

/** What came from outside and concerns no step by itself. */
function foldHeard(state: ExecutionState, event: HeardEvent, atMs: number): void {
  switch (event.kind) {
    case 'StateChanged':
      return foldChanges(state, event.changes, atMs)
    case 'CheckpointTaken': {
      const taken = { seq: state.seq, label: event.label ?? null, reason: event.reason, atMs }
      state.checkpoints = [...state.checkpoints, taken]
      return
    }
    case 'TdaObserved':
      return foldTda(state, event.context, atMs)
    case 'SignalReceived': {
      const queue = state.signals.get(event.name)
      if (queue === undefined) state.signals.set(event.name, [event.data])
      else queue.push(event.data)
      state.signalCount++
      return
    }
    case 'ExecutionPaused':
      state.paused = true
      if (state.rollback !== null) state.rollback.isPauseHolding = true
      return
    case 'ExecutionResumed':
      state.paused = false
      return
    default:
      assertNever(event, 'event')
  }
}

type StepEvent = KernelEvent & {
  kind: 'StepScheduled' | 'CallScheduled' | 'StepSkipped' | 'StepFailed'
}

function foldStep(state: ExecutionState, event: StepEvent, atMs: number): void {
  const step = mustFindStep(state, event.step)
  if (event.kind === 'CallScheduled') {
    if (step.items !== null) step.items.next = event.index + 1
    const ref = { step: event.step, index: event.index, undo: null }
    createCall(state, step, { ref, call: event.call })
    return
  }
  takeReady(state, step.plan.number)
  if (event.kind === 'StepSkipped') {
    step.view.status = 'skipped'
    step.endedAtMs = atMs
    return settleStep(state, step)
  }
  if (event.kind === 'StepFailed') {
    return failStep(state, step, event.error as unknown as JsonObject, atMs)
  }
  step.view.status = 'running'
  step.startedAtMs = atMs
  if (event.items === undefined) {
    const ref = { step: event.step, index: null, undo: null }
    createCall(state, step, { ref, call: event.call ?? {} })
    return
  }
  step.items = { values: event.items, next: 0, completed: 0, outputs: [], failed: [] }
  if (event.items.length === 0) completeStep(state, step, [], atMs)
}

function foldStart(
  state: ExecutionState,
  event: KernelEvent & { kind: 'ExecutionStarted' },
  atMs: number,
): void {
  state.version = event.kernelVersion
  state.input = event.input
  state.startedAtMs = atMs
  state.dueAtMs = event.dueAtMs ?? null
  state.pins = event.pins ?? state.pins
  state.tenant = event.tenant ?? null
  state.chain = event.chain ?? state.chain
  state.event = event.event ?? null
  state.key = event.key ?? null
  if (event.parent !== undefined) {
    const { executionId, step, index, token, depth } = event.parent
    state.parent = { executionId, call: { step, index: index ?? null, undo: null }, token }
    state.depth = depth
  }
  for (const step of state.steps) if (step.needsLeft === 0) state.ready.push(step.plan.number)
}

/** The context in force is an entry of the state, for whoever reads it there. */
function foldTda(state: ExecutionState, context: JsonObject, atMs: number): void {
  state.tda = context
  const version = (state.entries?.get(tdaStateKey)?.version ?? 0) + 1
  foldChanges(state, [{ key: tdaStateKey, version, value: [context] }], atMs)
}

type EndingEvent = KernelEvent & {
  kind:
    | 'CancelRequested'
    | 'ExecutionTimedOut'
    | 'FailureDecided'
    | 'CompensationStarted'
    | 'ExecutionCompleted'
    | 'ExecutionFailed'
    | 'ExecutionCancelled'
}

function foldEnding(state: ExecutionState, event: EndingEvent, atMs: number): void {
  switch (event.kind) {
    case 'CancelRequested':
      state.result = 'cancelled'
      if (event.undo === true) state.mustUndo = true
      if (state.phase === 'compensating' || state.phase === 'undoing') return
      state.phase = 'cancelling'
      state.rollback = null
      state.graceDueAtMs = event.dueAtMs
      return
    case 'ExecutionTimedOut':
      state.result = 'failed'
      state.timedOut = true
      state.phase = 'timingOut'
      state.graceDueAtMs = event.dueAtMs
      return
    case 'FailureDecided':
      state.result = 'failed'
      state.phase = 'stopping'
      state.error = event.error
      return
    case 'CompensationStarted':
      state.phase = state.rollback === null ? 'compensating' : 'undoing'
      state.graceDueAtMs = null
      state.undoNext = state.undo.length - 1
      return
    case 'ExecutionCompleted':
      state.output = event.output
      return endExecution(state, 'completed', atMs)
    case 'ExecutionFailed':
      state.error = event.error
      return endExecution(state, 'failed', atMs)
    case 'ExecutionCancelled':
      state.error = event.error
      return endExecution(state, 'cancelled', atMs)
    default:
      assertNever(event, 'event')
  }
}

/** A step that was not decided stays pending in a failed execution, since a redrive may still decide it. */
function endExecution(
  state: ExecutionState,
  result: 'completed' | 'failed' | 'cancelled',
  atMs: number,
): void {
  state.phase = 'ended'
  state.result = result
  state.endedAtMs = atMs
  state.graceDueAtMs = null
  state.rollback = null
  state.paused = false
  state.undoOnly = null
  if (result === 'completed') return
  if (result === 'failed' && state.error !== null && state.opensLetter) {
    const { executionId: id, error } = state
    const stepId = typeof error.details?.['stepId'] === 'string' ? error.details['stepId'] : null
    state.deadLetters.set(id, { id, stepId, error, atMs, undo: null })
  }
  for (const step of state.steps) {
    const { status } = step.view
    if (status === 'running' || (status === 'pending' && result === 'cancelled')) {
      step.view.status = 'cancelled'
      step.endedAtMs = atMs
    }
  }
}

function foldCallEnd(
  state: ExecutionState,
  event: KernelEvent & { kind: 'CallCompleted' | 'CallFailed' },
  atMs: number,
): void {
  const step = mustFindStep(state, event.step)
  if (event.index === undefined) {
    if (event.kind === 'CallCompleted') completeStep(state, step, event.output, atMs)
    else failStep(state, step, event.error as unknown as JsonObject, atMs)
    return
  }
  const { items } = step
  invariant(items !== null, `step '${event.step}' has no items`)
  if (event.kind === 'CallFailed') {
    items.failed.push({ index: event.index, error: event.error })
    return
  }
  itemDone(state, { step, items, index: event.index, output: event.output, atMs })
}

/** A step whose only call is left out is skipped; an item that is left out gives null. */
function foldSkipped(
  state: ExecutionState,
  event: KernelEvent & { kind: 'CallSkipped' },
  atMs: number,
): void {
  const step = mustFindStep(state, event.step)
  if (event.index === undefined) {
    step.view.status = 'skipped'
    step.endedAtMs = atMs
    return settleStep(state, step)
  }
  const { items } = step
  invariant(items !== null, `step '${event.step}' has no items`)
  itemDone(state, { step, items, index: event.index, output: null, atMs })
}

interface ItemDone {
  readonly step: StepState
  readonly items: ItemsState
  readonly index: number
  readonly output: JsonValue
  readonly atMs: number
}

function itemDone(state: ExecutionState, { step, items, index, output, atMs }: ItemDone): void {
  items.completed++
  items.outputs[index] = output
  if (items.completed === items.values.length) completeStep(state, step, items.outputs, atMs)
}

function completeStep(
  state: ExecutionState,
  step: StepState,
  output: JsonValue,
  atMs: number,
): void {
  step.view.status = 'completed'
  step.view.output = output
  step.endedAtMs = atMs
  settleStep(state, step)
}

function failStep(state: ExecutionState, step: StepState, error: JsonObject, atMs: number): void {
  step.view.status = 'failed'
  step.view.error = error
  step.startedAtMs ??= atMs
  step.endedAtMs = atMs
  if (step.plan.continueOnFailure) settleStep(state, step)
}

function mustFindStep(state: ExecutionState, id: string): StepState {
  const step = findStep(state, id)
  invariant(step !== undefined, `execution '${state.executionId}' has no step '${id}'`)
  return step
}
