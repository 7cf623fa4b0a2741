import { isJsonObject } from '../../core/json.ts'
import { requestLookup } from './attempts.ts'
import { startItems } from './items.ts'
import { newDueAtMs } from './rollback.ts'
import { callsOf } from './hosted-state.ts'
import { type CallState, type ExecutionState, findCall, type StepState } from './state.ts'
import { record, type Turn } from './turn.ts'

/**
 * A failed execution goes on: compensated steps are decided anew with a higher run, calls that did not
 * succeed are made again under their keys, steps that had called nobody are decided anew.
 */
export function redrive(turn: Turn, token: number | null): void {
  const { state, commands } = turn
  if (state.phase !== 'ended' || state.result !== 'failed') return
  const { reset, anew, again } = sortedSteps(state)
  const dueAtMs = newDueAtMs(turn)
  record(turn, {
    kind: 'ExecutionRedriven',
    reset,
    anew,
    again,
    ...(dueAtMs === null ? {} : { dueAtMs }),
    ...(token === null ? {} : { token }),
  })
  if (dueAtMs !== null) commands.push({ kind: 'arm', timer: { call: null, dueAtMs } })
  for (const call of state.live) {
    if (call.status === 'scheduled') turn.starting.push(call)
    else if (call.status === 'lookingUp') requestLookup(turn, call)
  }
  for (const step of state.steps) {
    if (step.items !== null && step.view.status === 'running') startItems(turn, step)
  }
}

/** A failed compensation is made again, in an execution that has ended; then it ends as before. */
export function redriveCompensation(turn: Turn, undo: number): void {
  const { state } = turn
  const call = state.undo[undo]?.call
  if (state.phase !== 'ended' || call?.status !== 'failed') return
  record(turn, { kind: 'CompensationRedriven', undo })
  if (findCall(state, call.ref)?.status === 'lookingUp') requestLookup(turn, call)
  else turn.starting.push(call)
}

interface SortedSteps {
  readonly reset: readonly string[]
  readonly anew: readonly string[]
  readonly again: readonly string[]
}

/** How each step goes on. Steps come before those that need them. */
function sortedSteps(state: ExecutionState): SortedSteps {
  const reset: string[] = []
  const anew: string[] = []
  const again: string[] = []
  const isOpen = new Set<number>()
  for (const step of state.steps) {
    const { id, number, needs } = step.plan
    if (step.undoneCount > 0) reset.push(id)
    else if (step.decidedSeq === 0 || step.settledSeq > 0) continue
    else if (!hasCalled(step)) anew.push(id)
    // What it was called with came from steps that run once more.
    else if (needs.some((need) => isOpen.has(need)) && !isUnknown(step)) {
      if (Array.from(callsOf(step)).some(hasSucceeded)) reset.push(id)
      else anew.push(id)
    } else again.push(id)
    isOpen.add(number)
  }
  return { reset, anew, again }
}

/** A success is recorded under one of its keys, which then must not be used again: of the call itself, or of a poll. */
function hasSucceeded({ status, poll, fallback, step }: CallState): boolean {
  return status === 'completed' || poll > 1 || (fallback > 0 && step.plan.repeat !== null)
}

/** Some call may have happened: it is found out under its own key. */
function isUnknown(step: StepState): boolean {
  return Array.from(callsOf(step)).some((call) => call.isUnknown || call.effects > 0)
}

/** What a policy did not let reach anybody has called nobody, and is judged anew. */
function hasCalled({ plan, calls, items, attempts, view }: StepState): boolean {
  const isForbidden = isJsonObject(view.error) && view.error['code'] === 'PolicyError'
  if (isForbidden && attempts === 0) return false
  const isPassive = plan.work.kind === 'sleep' || plan.work.kind === 'wait'
  return !isPassive && (items !== null || calls.some((call) => !call.isApproval))
}
