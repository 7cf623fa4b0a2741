import { assertNever, invariant } from '../../core/assert.ts'
import { foldChanges } from './entries.ts'
import type { ForkedStep, KernelEvent, StateChange } from './events.ts'
import { recount, resetStep, settleStep } from './fold-step.ts'
import { revive } from './revive.ts'
import { type ExecutionState, findStep, type StepState } from './state.ts'

type ReopeningEvent = Extract<
  KernelEvent,
  {
    kind:
      | 'ExecutionForked'
      | 'RollbackRequested'
      | 'RolledBack'
      | 'RollbackRefused'
      | 'ExecutionRedriven'
      | 'UndoRequested'
      | 'CompensationRedriven'
      | 'DeadLetterDiscarded'
  }
>

/** Takes in what makes an execution go on from elsewhere than where it was. */
export function foldReopening(state: ExecutionState, event: ReopeningEvent, atMs: number): void {
  switch (event.kind) {
    case 'ExecutionForked':
      return foldForked(state, event, atMs)
    case 'RollbackRequested':
      return foldRequested(state, event)
    case 'RolledBack':
      return foldRolledBack(state, event, atMs)
    case 'RollbackRefused':
      state.isFailureHandled = true
      return
    case 'ExecutionRedriven':
      return foldRedriven(state, event)
    case 'UndoRequested':
      reopen(state)
      state.result = 'cancelled'
      state.mustUndo = true
      state.phase = 'compensating'
      state.undoNext = state.undo.length - 1
      return
    case 'CompensationRedriven': {
      const entry = state.undo[event.undo]
      invariant(entry?.call != null, `there is no failed compensation ${event.undo}`)
      state.endedAtMs = null
      state.opensLetter = state.deadLetters.has(state.executionId)
      state.phase = 'compensating'
      state.undoNext = event.undo
      state.undoOnly = event.undo
      entry.isOver = false
      revive(state, entry.call)
      return
    }
    case 'DeadLetterDiscarded':
      state.deadLetters.delete(event.id)
      return
    default:
      assertNever(event, 'event')
  }
}

function foldForked(
  state: ExecutionState,
  event: ReopeningEvent & { kind: 'ExecutionForked' },
  atMs: number,
): void {
  for (const [place, forked] of event.steps.entries()) {
    foldForkedStep(state, forked)
    // One event settles them all; fractions keep their order, so that each is a position to go back to.
    const step = mustFindStep(state, forked.step)
    step.settledSeq = state.seq + (place + 1) / (event.steps.length + 1)
  }
  if (event.changes.length > 0) foldChanges(state, event.changes, atMs)
  if (event.adaptations !== undefined) state.adaptations = event.adaptations
  recount(state)
}

function foldForkedStep(state: ExecutionState, forked: ForkedStep): void {
  const step = mustFindStep(state, forked.step)
  step.decidedSeq = state.seq
  step.view.status = forked.status
  step.view.output = forked.output
  step.view.error = forked.error
  step.attempts = forked.attempts
  step.degraded = forked.degraded ?? null
  step.startedAtMs = forked.startedAtMs
  step.endedAtMs = forked.endedAtMs
  settleStep(state, step)
}

function foldRequested(
  state: ExecutionState,
  event: ReopeningEvent & { kind: 'RollbackRequested' },
): void {
  const isReopened = state.phase === 'ended' || state.phase === 'compensating'
  if (isReopened) {
    // What makes it fail again is not what it failed of before.
    state.deadLetters.delete(state.executionId)
    reopen(state)
  }
  if (event.automatic !== true && !isReopened) state.error = null
  if (event.automatic === true && event.final !== true) state.rollbacks++
  state.rollback = {
    checkpointId: event.checkpoint,
    seq: event.seq,
    steps: new Set(event.steps.map((id) => mustFindStep(state, id).plan.number)),
    entries: event.entries.map(entryOf),
    isFinal: event.final ?? false,
    isReopened: isReopened || state.rollback?.isReopened === true,
    isPauseHolding: state.rollback?.isPauseHolding ?? false,
  }
  state.phase = 'rollingBack'
  state.graceDueAtMs = event.dueAtMs
}

function entryOf({ key, version, value, expiresAtMs, metadata }: StateChange) {
  return {
    key,
    version,
    value: value === undefined ? null : value[0],
    atMs: 0,
    expiresAtMs: expiresAtMs ?? null,
    metadata: metadata ?? {},
    isDeleted: false,
  }
}

function foldRolledBack(
  state: ExecutionState,
  event: ReopeningEvent & { kind: 'RolledBack' },
  atMs: number,
): void {
  const { rollback } = state
  invariant(rollback !== null, `execution '${state.executionId}' goes nowhere back`)
  for (const number of rollback.steps) anewWithHigherRun(state, state.steps[number] as StepState)
  if (event.changes.length > 0) foldChanges(state, event.changes, atMs)
  keepEffects(state)
  recount(state)
  // What was taken on the way that was left leads nowhere any more.
  state.checkpoints = state.checkpoints.filter(({ seq }) => seq <= rollback.seq)
  state.rollback = null
  state.graceDueAtMs = null
  state.undoNext = -1
  if (event.dueAtMs !== undefined) state.dueAtMs = event.dueAtMs
  if (state.result === 'cancelled') {
    state.phase = 'cancelling'
    return
  }
  if (rollback.isFinal) {
    state.phase = 'stopping'
    state.isFailureHandled = true
    return
  }
  state.phase = 'forward'
  state.isRollbackAsked = false
  state.result = null
  state.error = null
  state.timedOut = false
}

function foldRedriven(
  state: ExecutionState,
  event: ReopeningEvent & { kind: 'ExecutionRedriven' },
): void {
  reopen(state)
  state.isRedriven = true
  state.phase = 'forward'
  state.deadLetters.delete(state.executionId)
  if (event.token !== undefined && state.parent !== null)
    state.parent = { ...state.parent, token: event.token }
  for (const id of event.reset) anewWithHigherRun(state, mustFindStep(state, id))
  for (const id of event.anew) resetStep(mustFindStep(state, id))
  for (const id of event.again) callAgain(state, mustFindStep(state, id))
  state.dueAtMs = event.dueAtMs ?? null
  state.undoNext = -1
  keepEffects(state)
  recount(state)
}

/** Steps that are left as they are, and whose undoing had failed, count again: what comes later undoes them. */
function keepEffects(state: ExecutionState): void {
  for (const { id, undo } of Array.from(state.deadLetters.values())) {
    const entry = undo === null ? undefined : state.undo[undo]
    const step = entry === undefined ? undefined : findStep(state, entry.ref.step)
    if (entry === undefined || step?.run !== entry.run || step.view.status !== 'completed') continue
    const isOnce = entry.call?.effect === 'once'
    // Nobody could say whether it happened: that is left to whoever has the dead letter.
    if (isOnce && entry.call?.lookup === false) continue
    entry.isAskedFirst = isOnce
    entry.isOver = false
    entry.call = null
    state.deadLetters.delete(id)
  }
}

/** What was recorded of an ended execution's end does not hold any more. */
function reopen(state: ExecutionState): void {
  state.endedAtMs = null
  state.result = null
  state.error = null
  state.output = null
  state.timedOut = false
  state.uncertain = []
  state.opensLetter = true
  state.isRollbackAsked = false
  state.isFailureHandled = false
  state.graceDueAtMs = null
  state.undoOnly = null
}

function anewWithHigherRun(state: ExecutionState, step: StepState): void {
  for (const entry of state.undo) if (entry.ref.step === step.plan.id) entry.isOver = true
  resetStep(step)
  step.run++
}

/** The step runs again; calls that had succeeded stay. */
function callAgain(state: ExecutionState, step: StepState): void {
  step.view.status = 'running'
  step.view.error = null
  step.endedAtMs = null
  if (step.items !== null) step.items.failed.length = 0
  for (const call of step.calls) {
    if (call === undefined || call.status === 'completed') continue
    revive(state, call)
    step.liveCalls++
  }
}

function mustFindStep(state: ExecutionState, id: string): StepState {
  const step = findStep(state, id)
  invariant(step !== undefined, `execution '${state.executionId}' has no step '${id}'`)
  return step
}
