import { noUsage } from '../../core/usage.ts'
import { readapt } from './adaptation.ts'
import type { ScheduledCall } from './events.ts'
import type { CallRef } from './call-ref.ts'
import { callsOf, type PartState } from './hosted-state.ts'
import type { CallState, CallStatus, ExecutionState, StepState } from './state.ts'

/** Moves a call to another status and keeps the counts and the set of live calls right. */
export function setStatus(state: ExecutionState, call: CallState, status: CallStatus): void {
  state.counts[call.status]--
  state.counts[status]++
  call.status = status
  if (status !== 'completed' && status !== 'failed' && status !== 'cancelled') return
  state.live.remove(call)
  if (isOwn(call)) call.step.liveCalls--
}

/** Takes a step from the ready ones: it is decided. Steps are decided in order, so it is nearly always the first. */
export function takeReady({ ready, steps, seq }: ExecutionState, number: number): void {
  const step = steps[number]
  if (step !== undefined) step.decidedSeq = seq
  if (ready[0] === number) {
    ready.shift()
    return
  }
  const place = ready.indexOf(number)
  if (place >= 0) ready.splice(place, 1)
}

/** Whether the call is the step's or an item's own: neither an undoing nor wanted by a pattern. */
export function isOwn({ ref, part }: CallState): boolean {
  return ref.undo === null && part === null
}

/** Begins a call: an agent's wants to start, a sleep or a wait has started with this. */
export function createCall(
  state: ExecutionState,
  step: StepState,
  { ref, call: scheduled, part = null }: CreatedCall,
): CallState {
  const call: CallState = {
    ref,
    step,
    status: firstStatus(step, ref),
    input: scheduled.input ?? {},
    ownInput: null,
    timeoutMs: scheduled.timeoutMs ?? null,
    dueAtMs: scheduled.dueAtMs ?? null,
    onDue: scheduled.onDue ?? 'complete',
    signal: scheduled.signal ?? null,
    schema: null,
    resumeToken: null,
    resumed: null,
    fallback: scheduled.first ?? 0,
    poll: 1,
    attempt: 0,
    refusals: 0,
    slot: scheduled.slot ?? null,
    first: scheduled.first ?? 0,
    isApproval: false,
    // What a call of an earlier run answers late is not taken for an answer of this one.
    token: ref.undo === null ? step.tokenBase : 0,
    effect: 'read',
    lookup: false,
    redeliver: false,
    requested: false,
    aborting: false,
    isLost: false,
    isUnknown: false,
    effects: 0,
    child: null,
    childCalls: 0,
    hosted: null,
    part,
    childUsage: noUsage,
    charge: null,
    losses: 0,
    lossesAlone: 0,
    alone: false,
    leftBecause: null,
    error: null,
    before: null,
    after: null,
  }
  state.counts[call.status]++
  state.live.add(call)
  if (part !== null) part.host.hosted?.parts.push(call)
  else if (ref.undo === null) {
    step.calls[ref.index ?? 0] = call
    step.liveCalls++
  }
  return call
}

interface CreatedCall {
  readonly ref: CallRef
  readonly call: ScheduledCall
  /** Of a call that a pattern wanted. */
  readonly part?: PartState | null
}

/** Counts a step as done with: its dependents may become ready. */
export function settleStep(state: ExecutionState, step: StepState): void {
  state.unsettled--
  step.settledSeq = state.seq
  const isSkipped = step.view.status === 'skipped'
  for (const number of step.plan.dependents) {
    const dependent = state.steps[number] as StepState
    dependent.needsLeft--
    if (isSkipped) dependent.needsSkipped++
    if (dependent.needsLeft === 0 && dependent.decidedSeq === 0) state.ready.push(number)
  }
}

/** Makes a step undecided again. */
export function resetStep(step: StepState): void {
  step.view.status = 'pending'
  step.view.output = null
  step.view.error = null
  step.decidedSeq = 0
  step.settledSeq = 0
  step.items = null
  for (const { token } of callsOf(step)) step.tokenBase = Math.max(step.tokenBase, token)
  step.calls = []
  step.liveCalls = 0
  step.degraded = null
  step.policy = null
  step.gate = null
  step.undoCount = 0
  step.undoneCount = 0
  step.startedAtMs = null
  step.endedAtMs = null
}

/** Counts anew what is settled and which steps may be decided, after steps were reset. */
export function recount(state: ExecutionState): void {
  state.unsettled = 0
  state.ready = []
  for (const step of state.steps) {
    if (step.settledSeq === 0) state.unsettled++
    step.needsLeft = 0
    step.needsSkipped = 0
    for (const number of step.plan.needs) {
      const need = state.steps[number] as StepState
      if (need.settledSeq === 0) step.needsLeft++
      else if (need.view.status === 'skipped') step.needsSkipped++
    }
    if (step.decidedSeq === 0) readapt(state, step)
    if (step.decidedSeq === 0 && step.needsLeft === 0) state.ready.push(step.plan.number)
  }
}

function firstStatus(step: StepState, ref: CallRef): CallStatus {
  if (ref.undo !== null) return 'scheduled'
  const { kind } = step.plan.work
  if (kind === 'sleep') return 'sleeping'
  return kind === 'wait' ? 'waiting' : 'scheduled'
}
