import type { ErrorJson } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import { resolveDuration } from '../plan/resolve-duration.ts'
import { callLabel } from './call-ref.ts'
import type { Checkpoint } from './checkpoints.ts'
import { restoringChanges } from './entries.ts'
import type { StateChange } from './events.ts'
import { callsOf } from './hosted-state.ts'
import type { CallState, ExecutionState, StateEntry, StepState } from './state.ts'
import { abortCall, isAwaited, stopCall } from './stopping.ts'
import { record, scopeOf, type Turn } from './turn.ts'

/** A rollback as it is asked for: where to, and what the state was there. */
export interface RollbackOrder {
  readonly checkpoint: Checkpoint
  readonly entries: readonly StateEntry[]
  readonly acceptEffects: boolean
  /** Effects of sub-workflows that nothing undoes, as `<execution>/<call>`. */
  readonly effectsBelow: readonly string[]
  /** Asked for by the document's `onFailure`. */
  readonly isAutomatic: boolean
}

/** Whether the execution may go back to that position now: not once it is completed, cancelled or being ended. */
export function mayRollBack(state: ExecutionState, seq: number): boolean {
  switch (state.phase) {
    case 'forward':
    case 'stopping':
      return true
    // It goes back already: further back is possible.
    case 'rollingBack':
    case 'undoing':
      return state.rollback !== null && state.result !== 'cancelled' && seq < state.rollback.seq
    case 'compensating':
      return state.result === 'failed' && !state.timedOut && !state.mustUndo
    case 'ended':
      return state.result === 'failed'
    default:
      return false
  }
}

/** Executions that work or worked for steps after a checkpoint, and that are undone with them. */
export function childrenAfter(state: ExecutionState, seq: number): readonly string[] {
  return stepsAfter(state, seq).flatMap(({ plan, calls }) =>
    plan.compensate === null ? calls.flatMap((call) => call?.child?.executionId ?? []) : [],
  )
}

/**
 * Calls after a checkpoint that nothing undoes: recorded successes under the effect `once`, and calls of
 * which nobody knows what they did, of steps without `compensate`.
 */
export function effectsAfter(state: ExecutionState, seq: number): readonly string[] {
  const found: string[] = []
  for (const step of stepsAfter(state, seq)) {
    if (step.plan.compensate !== null) continue
    for (const call of callsOf(step)) {
      if (hasEffect(call)) found.push(callLabel(call.ref))
    }
  }
  return found
}

/** Begins to go back: what runs is told to stop, everything else that was decided since is stopped. */
export function requestRollback(turn: Turn, order: RollbackOrder): void {
  const { state, moment } = turn
  const { checkpoint, isAutomatic } = order
  const isAskedFor = isAutomatic && state.isRollbackAsked && !state.isFailureHandled
  if (!isAskedFor && !mayRollBack(state, checkpoint.seq)) return
  const effects = [...effectsAfter(state, checkpoint.seq), ...order.effectsBelow]
  if (effects.length > 0 && !order.acceptEffects) return
  const isFinal = isAutomatic && (state.timedOut || state.rollbacks >= state.plan.rollback.timesMax)
  const steps = stepsAfter(state, checkpoint.seq)
  const dueAtMs = moment.atMs + limits.cancelGraceMs
  record(turn, {
    kind: 'RollbackRequested',
    checkpoint: checkpoint.checkpointId,
    seq: checkpoint.seq,
    steps: steps.map(({ plan }) => plan.id),
    entries: order.entries.map(changeOf),
    dueAtMs,
    ...(isAutomatic ? { automatic: true } : {}),
    ...(isFinal ? { final: true } : {}),
    ...(effects.length > 0 ? { acceptedEffects: effects } : {}),
  })
  for (const call of state.live) {
    if (!goesBack(state, call)) continue
    if (isAwaited(call)) abortCall(turn, call, 'rollback')
    else stopCall(turn, call)
  }
  if (isAwaiting(state)) turn.commands.push({ kind: 'arm', timer: { call: null, dueAtMs } })
}

/** The document's own rollback cannot be made: the execution fails as it is. */
export function refuseRollback(turn: Turn, error: ErrorJson): void {
  const { state } = turn
  if (state.phase !== 'ended' && state.isRollbackAsked && !state.isFailureHandled)
    record(turn, { kind: 'RollbackRefused', error })
}

/** Whether a rollback still waits for attempts that were told to stop. */
export function isAwaiting(state: ExecutionState): boolean {
  for (const call of state.live) if (goesBack(state, call)) return true
  return false
}

/** Whether a rollback under way takes the call back; what undoes another goes on. */
export function goesBack(state: ExecutionState, call: CallState): boolean {
  if (call.ref.undo !== null) return false
  return state.rollback?.steps.has(call.step.plan.number) ?? false
}

/** Everything is undone: the state is what it was, and steps are decided anew. */
export function finishRollback(turn: Turn): void {
  const { state } = turn
  const { rollback } = state
  if (rollback === null) return
  const changes = restoringChanges(state, rollback.entries)
  const dueAtMs = rollback.isReopened ? newDueAtMs(turn) : null
  record(turn, { kind: 'RolledBack', changes, ...(dueAtMs === null ? {} : { dueAtMs }) })
  // The grace period took the place of the timeout's timer; what is overdue by now fires at once.
  if (state.dueAtMs !== null && state.phase === 'forward')
    turn.commands.push({ kind: 'arm', timer: { call: null, dueAtMs: state.dueAtMs } })
}

/** The end of the timeout of an execution that begins anew; null when it has none. */
export function newDueAtMs(turn: Turn): number | null {
  const { timeout } = turn.state.plan
  if (timeout === null) return null
  return turn.moment.atMs + resolveDuration(timeout, () => scopeOf(turn))
}

/**
 * Steps that were decided by now and not settled at the checkpoint. A sleep or a wait that had begun
 * before it and still goes on is left alone; a compensated step is always decided anew.
 */
function stepsAfter(state: ExecutionState, seq: number): readonly StepState[] {
  const undoing = new Set(
    state.undo.filter(({ call, isOver }) => call !== null && !isOver).map(({ ref }) => ref.step),
  )
  return state.steps.filter((step) => {
    if (step.decidedSeq === 0) return false
    if (step.undoneCount > 0 || undoing.has(step.plan.id)) return true
    if (step.settledSeq > 0) return step.settledSeq > seq
    const { kind } = step.plan.work
    const isPassive = kind === 'sleep' || kind === 'wait'
    return !(isPassive && step.liveCalls > 0 && step.decidedSeq <= seq)
  })
}

function hasEffect(call: CallState): boolean {
  if (call.effects > 0 || call.isUnknown) return true
  if (call.status === 'uncertain') return true
  const isOpen = call.status === 'running' || call.status === 'lookingUp' || call.isLost
  return isOpen && call.effect !== 'read'
}

function changeOf({ key, version, value, expiresAtMs, metadata }: StateEntry): StateChange {
  return {
    key,
    version,
    value: [value],
    ...(expiresAtMs === null ? {} : { expiresAtMs }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  }
}
