import { toErrorJson } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import { resolveDuration } from '../plan/resolve-duration.ts'
import { requestLookup } from './attempts.ts'
import type { CallRef } from './call-ref.ts'
import type { ScheduledCall } from './events.ts'
import { type ExecutionState, findStep, type UndoEntry } from './state.ts'
import { definite, eventRef, record, scopeOf, type Turn } from './turn.ts'

/**
 * Undoes the next recorded success, the last one first, one at a time. A compensation that fails for
 * good is recorded and the rest goes on.
 *
 * @returns false when nothing is left to undo
 */
export function compensateNext(turn: Turn): boolean {
  const { state } = turn
  // One at a time: also one that was under way when the execution was told to go further back.
  for (const { ref } of state.live) if (ref.undo !== null) return true
  for (let undo = state.undoNext; undo >= 0; undo = Math.min(undo - 1, state.undoNext)) {
    const entry = state.undo[undo] as UndoEntry
    if (!isToUndo(state, entry) || (state.undoOnly !== null && state.undoOnly !== undo)) continue
    if (entry.call !== null) return true
    const ref: CallRef = { ...entry.ref, undo }
    const failure = schedule(turn, entry, ref)
    const call = (entry as { call: UndoEntry['call'] }).call
    if (failure === null && call !== null) {
      if (call.status === 'lookingUp') requestLookup(turn, call)
      else turn.starting.push(call)
      return true
    }
    if (failure !== null) record(turn, { kind: 'CallFailed', ...eventRef(ref), error: failure })
  }
  return false
}

/** Whether anything is left to undo. */
export function hasToUndo(state: ExecutionState): boolean {
  return state.undo.some((entry) => isToUndo(state, entry))
}

/** A rollback undoes what came after its checkpoint only. */
function isToUndo({ rollback, plan }: ExecutionState, entry: UndoEntry): boolean {
  if (entry.isOver) return false
  if (rollback === null) return true
  return rollback.steps.has(plan.stepIndex.get(entry.ref.step) ?? -1)
}

function schedule(turn: Turn, entry: UndoEntry, ref: CallRef): ReturnType<typeof definite> | null {
  const undo = ref.undo as number
  let call: ScheduledCall = {}
  let failure: ReturnType<typeof definite> | null = null
  try {
    call = resolve(turn, entry)
  } catch (thrown) {
    failure = definite(toErrorJson(thrown, 'ExpressionError'))
  }
  record(turn, { kind: 'CompensationScheduled', ...eventRef(ref), undo, call })
  return failure
}

function resolve(turn: Turn, entry: UndoEntry): ScheduledCall {
  const step = findStep(turn.state, entry.ref.step)
  const compensate = step?.plan.compensate
  if (step === undefined || compensate === undefined || compensate === null) return {}
  const { index } = entry.ref
  const item = index === null ? {} : { item: step.items?.values[index] ?? null, index }
  const scope = () => scopeOf(turn, { ...item, call: { input: entry.input, output: entry.output } })
  const input: JsonValue =
    compensate.input === null
      ? { input: entry.input, output: entry.output }
      : compensate.input.evaluate(scope())
  if (compensate.timeout === null) return { input }
  return { input, timeoutMs: resolveDuration(compensate.timeout, scope) }
}
