import { invariant } from '../../core/assert.ts'
import type { JsonValue } from '../../core/json.ts'
import { callLabel, type CallRef } from './call-ref.ts'
import type { CallEvent } from './fold-call.ts'
import { createCall, setStatus } from './fold-step.ts'
import { idempotencyKey } from './keys.ts'
import {
  type CallState,
  type ChildRef,
  type DeadLetter,
  type ExecutionState,
  findStep,
} from './state.ts'

/** Keeps a recorded success for compensation, where the step declares one or another execution can be undone. */
export function remember(state: ExecutionState, call: CallState, output: JsonValue): void {
  // What a pattern made of its parts is no effect of its own.
  if (call.ref.undo !== null || call.status === 'coordinating') return
  if (call.effect === 'once') call.effects++
  const child = undoableChild(call)
  if (call.step.plan.compensate === null && child === null) return
  const key = idempotencyKey(state, call)
  if (!supersede(state, call, key)) call.step.undoCount++
  state.undo.push({
    ref: call.ref,
    run: call.step.run,
    idempotencyKey: key,
    input: call.input,
    output,
    call: null,
    isOver: false,
    isAskedFirst: false,
    child,
  })
}

/**
 * A call that was given up, and is called again by a redrive, is still one call: it is undone once, for what
 * is known of it now.
 *
 * @returns whether there was something to undo under its key already
 */
function supersede(state: ExecutionState, { ref }: CallState, key: string): boolean {
  if (!state.isRedriven) return false
  const earlier = state.undo.findLast(
    (entry) =>
      entry.ref.step === ref.step && entry.ref.index === ref.index && entry.idempotencyKey === key,
  )
  if (earlier === undefined || earlier.isOver || earlier.call !== null) return false
  earlier.isOver = true
  return true
}

function undoableChild(call: CallState): ChildRef | null {
  return call.step.plan.compensate === null && call.status === 'child' ? call.child : null
}

/** A compensation is to be called. */
export function foldCompensation(
  state: ExecutionState,
  ref: CallRef,
  event: CallEvent & { kind: 'CompensationScheduled' },
): CallState {
  const entry = state.undo[event.undo]
  const step = findStep(state, ref.step)
  invariant(entry !== undefined && step !== undefined, `nothing to undo for '${callLabel(ref)}'`)
  state.undoNext = event.undo
  entry.call = createCall(state, step, { ref, call: event.call })
  if (entry.isAskedFirst) {
    Object.assign(entry.call, { effect: 'once', lookup: true })
    setStatus(state, entry.call, 'lookingUp')
  }
  return entry.call
}

/** A compensation has succeeded; the last one of its step makes that compensated. */
export function foldUndone(state: ExecutionState, call: CallState, atMs: number): void {
  endUndo(state, call)
  state.deadLetters.delete(deadLetterId(state, call))
  // Of a step that has run again since, an earlier run was undone.
  if (state.undo[call.ref.undo ?? -1]?.run !== call.step.run) return
  call.step.undoneCount++
  if (call.step.undoneCount !== call.step.undoCount) return
  call.step.view.status = 'compensated'
  call.step.endedAtMs = atMs
}

/** A compensation has failed for good: a dead letter of its own says so. */
export function foldUndoFailed(
  state: ExecutionState,
  call: CallState,
  error: DeadLetter['error'],
  atMs: number,
): void {
  endUndo(state, call)
  const id = deadLetterId(state, call)
  state.deadLetters.set(id, { id, stepId: call.ref.step, error, atMs, undo: call.ref.undo })
}

function endUndo(state: ExecutionState, call: CallState): void {
  const entry = state.undo[call.ref.undo ?? -1]
  if (entry !== undefined) entry.isOver = true
  // Else others, behind it, were added to what is to be undone meanwhile.
  if (state.undoNext === call.ref.undo) state.undoNext--
}

/** Of a failed compensation. A step may have several, by run, poll or fallback: those behind the first are told apart by key. */
function deadLetterId(state: ExecutionState, call: CallState): string {
  const { executionId, deadLetters } = state
  const key = idempotencyKey(state, call)
  const short = `${executionId}/${callLabel(call.ref)}`
  const known = deadLetters.get(short)
  // One that was opened beside another keeps its id when that one is closed.
  const isBeside = deadLetters.get(key)?.undo === call.ref.undo
  return !isBeside && (known === undefined || known.undo === call.ref.undo) ? short : key
}
