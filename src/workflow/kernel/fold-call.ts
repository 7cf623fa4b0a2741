import { assertNever, invariant } from '../../core/assert.ts'
import type { JsonValue } from '../../core/json.ts'
import { addUsage, noUsage } from '../../core/usage.ts'
import { callLabel, refOf } from './call-ref.ts'
import type { KernelEvent } from './events.ts'
import { endsDelivery, foldCharge, foldSettled, foldUsed } from './fold-usage.ts'
import { setStatus } from './fold-step.ts'
import { foldCompensation, foldUndoFailed, foldUndone, remember } from './fold-undo.ts'
import { reviveParts } from './revive.ts'
import { isCounted } from './permission.ts'
import { type CallState, type ExecutionState, findCall } from './state.ts'
import { targetLabel, targetOf } from './target.ts'

export type CallEvent = Extract<
  KernelEvent,
  {
    kind:
      | 'AttemptStarted'
      | 'AttemptLost'
      | 'RetryScheduled'
      | 'CallRefused'
      | 'CallSkipped'
      | 'FallbackScheduled'
      | 'PollCompleted'
      | 'CallSuspended'
      | 'CallUncertain'
      | 'CallCompleted'
      | 'CallFailed'
      | 'CallResolved'
      | 'CallCancelled'
      | 'SignalDelivered'
      | 'CompensationScheduled'
      | 'ChildStarted'
      | 'ChildEnded'
      | 'UsageSettled'
  }
>

/** Takes an event of one call into that call; what it means for the step is the caller's. */
export function foldCallEvent(state: ExecutionState, event: CallEvent, atMs: number): CallState {
  const ref = refOf(event)
  if (event.kind === 'CompensationScheduled') return foldCompensation(state, ref, event)
  const call = findCall(state, ref)
  invariant(call !== undefined, `execution '${state.executionId}' has no call '${callLabel(ref)}'`)
  if (endsDelivery.has(event.kind)) foldUsed(state, call)
  switch (event.kind) {
    case 'AttemptStarted':
      foldStarted(state, call, event, atMs)
      break
    case 'UsageSettled':
      foldSettled(state, call, event)
      break
    case 'AttemptLost':
      foldLost(state, call)
      break
    case 'RetryScheduled':
    case 'CallRefused':
      foldDelayed(state, call, event)
      break
    case 'CallSkipped':
      // An item that was left out is done: its output is null, and a redrive leaves it alone.
      setStatus(state, call, call.ref.index === null ? 'cancelled' : 'completed')
      break
    case 'FallbackScheduled':
      foldFallback(state, call, event)
      break
    case 'ChildStarted':
      foldChildStarted(state, call, event)
      break
    case 'ChildEnded':
      foldChildEnded(state, call, event)
      break
    case 'PollCompleted':
      foldPoll(state, call, event)
      break
    case 'CallSuspended':
      call.signal = event.signal
      call.schema = event.schema
      call.resumeToken = event.resumeToken
      setStatus(state, call, 'suspended')
      break
    case 'CallUncertain':
      call.error = event.error
      setStatus(state, call, 'uncertain')
      break
    case 'CallCompleted':
      foldCompleted(state, call, event, atMs)
      break
    case 'CallFailed':
      foldFailed(state, call, event, atMs)
      break
    case 'CallResolved':
      call.isLost = false
      if (event.resolution !== 'retry') break
      call.redeliver = true
      setStatus(state, call, 'scheduled')
      break
    case 'CallCancelled':
      foldCancelled(state, call, event.unknown ?? false)
      break
    case 'SignalDelivered':
      foldDelivered(state, call, event)
      break
    default:
      assertNever(event, 'event')
  }
  return call
}

function foldCompleted(
  state: ExecutionState,
  call: CallState,
  event: CallEvent & { kind: 'CallCompleted' },
  atMs: number,
): void {
  if (call.ref.undo === null) remember(state, call, event.raw ?? event.output)
  else foldUndone(state, call, atMs)
  if (call.part !== null) call.part.output = event.output
  else if (call.fallback > 0) markDegraded(call)
  // The result is there: what led to it is not decided from again.
  for (const { part } of call.hosted?.parts ?? []) if (part !== null) part.output = null
  setStatus(state, call, 'completed')
}

function foldStarted(
  state: ExecutionState,
  call: CallState,
  event: CallEvent & { kind: 'AttemptStarted' },
  atMs: number,
): void {
  if (event.charge !== undefined) foldCharge(state, call, event.charge, atMs)
  if (isCounted(call)) {
    call.step.attempts++
    state.agentCalls++
  }
  call.step.calledRun = call.step.run
  call.redeliver = false
  call.isLost = false
  call.requested = false
  call.attempt = event.attempt
  call.refusals = 0
  call.token++
  call.effect = event.effect
  call.lookup = event.lookup
  call.alone = event.alone ?? false
  call.dueAtMs = null
  setStatus(state, call, 'running')
}

function foldFailed(
  state: ExecutionState,
  call: CallState,
  event: CallEvent & { kind: 'CallFailed' },
  atMs: number,
): void {
  if (event.raw !== undefined) remember(state, call, event.raw)
  if (call.ref.undo !== null) foldUndoFailed(state, call, event.error, atMs)
  call.error = event.error
  setStatus(state, call, 'failed')
}

/** A refused delivery stays one: no attempt was made. */
function foldDelayed(
  state: ExecutionState,
  call: CallState,
  event: CallEvent & { kind: 'RetryScheduled' | 'CallRefused' },
): void {
  if (event.kind === 'CallRefused') call.refusals++
  else call.redeliver = false
  call.error = event.error
  call.dueAtMs = event.dueAtMs
  setStatus(state, call, 'backoff')
}

function foldChildStarted(
  state: ExecutionState,
  call: CallState,
  event: CallEvent & { kind: 'ChildStarted' },
): void {
  const { executionId, documentHash } = event
  if (call.ref.undo === null) call.step.attempts++
  call.attempt = event.attempt
  call.token++
  if (call.child?.executionId !== executionId)
    Object.assign(call, { childCalls: 0, childUsage: noUsage })
  call.child = { executionId, documentHash }
  call.dueAtMs = event.dueAtMs ?? null
  call.isLost = false
  call.aborting = false
  setStatus(state, call, 'child')
}

function foldChildEnded(
  state: ExecutionState,
  call: CallState,
  event: CallEvent & { kind: 'ChildEnded' },
): void {
  // Undoing is free, and what a redriven one had spent before is counted already.
  if (call.ref.undo !== null) return
  state.agentCalls += event.agentCalls - call.childCalls
  call.childCalls = event.agentCalls
  const usage = { tokens: event.tokens ?? 0, costUsd: event.costUsd ?? 0 }
  state.spent = addUsage(addUsage(state.spent, call.childUsage, -1), usage)
  call.childUsage = usage
}

function foldPoll(
  state: ExecutionState,
  call: CallState,
  event: CallEvent & { kind: 'PollCompleted' },
): void {
  remember(state, call, event.output)
  const { hosted } = call
  if (hosted !== null) {
    hosted.partsBefore += hosted.parts.length
    for (const { status } of hosted.parts) state.counts[status]--
    hosted.parts = []
  }
  call.redeliver = false
  call.poll++
  beginAnew(call)
  call.dueAtMs = event.dueAtMs
  setStatus(state, call, 'polling')
}

function foldLost(state: ExecutionState, call: CallState): void {
  call.isLost = true
  call.losses++
  if (call.alone) call.lossesAlone++
  call.redeliver = true
  setStatus(state, call, call.effect === 'once' && call.lookup ? 'lookingUp' : 'scheduled')
}

function foldFallback(
  state: ExecutionState,
  call: CallState,
  event: CallEvent & { kind: 'FallbackScheduled' },
): void {
  call.leftBecause ??= event.error
  call.redeliver = false
  if (call.fallback === call.first) call.ownInput = call.input
  call.fallback = event.fallback
  if (event.call.input !== undefined) call.input = event.call.input
  call.dueAtMs = null
  call.child = null
  call.timeoutMs = event.call.timeoutMs ?? null
  call.poll = 1
  beginAnew(call)
  call.error = event.error
  setStatus(state, call, 'scheduled')
  reviveParts(state, call)
}

/** Another target or poll is another call: what its predecessor lived through does not count for it. */
function beginAnew(call: CallState): void {
  call.attempt = 0
  call.refusals = 0
  call.resumed = null
  call.resumeToken = null
  call.isLost = false
  call.losses = 0
  call.lossesAlone = 0
  call.alone = false
}

function markDegraded(call: CallState): void {
  const { work } = call.step.plan
  if (work.kind === 'sleep' || work.kind === 'wait' || call.leftBecause === null) return
  call.step.degraded ??= {
    from: targetLabel(work),
    to: targetLabel(targetOf(call).target),
    because: `${call.leftBecause.code}: ${call.leftBecause.message}`,
  }
}

function foldCancelled(state: ExecutionState, call: CallState, isUnknown: boolean): void {
  if (isUnknown) {
    const isUndone = call.step.plan.compensate !== null
    // A rollback undoes what is uncertain; a cancel lists it and leaves it to whoever cancelled.
    const isRollback = state.rollback !== null
    if (isUndone && (isRollback || call.status !== 'uncertain')) remember(state, call, null)
    else {
      call.isUnknown = true
      if (!isRollback) state.uncertain.push(callLabel(call.ref))
    }
  }
  // What became of a lost delivery is said by the event; that a lookup knew it is recorded nowhere else.
  call.isLost = false
  call.dueAtMs = null
  setStatus(state, call, 'cancelled')
}

function foldDelivered(
  state: ExecutionState,
  call: CallState,
  { name, place = 0 }: CallEvent & { kind: 'SignalDelivered' },
): void {
  const queue = state.signals.get(name)
  invariant(queue !== undefined && queue.length > place, `no signal '${name}' is kept`)
  const [data] = queue.splice(place, 1) as [JsonValue]
  state.signalCount--
  if (queue.length === 0) state.signals.delete(name)
  call.resumed = { signal: name, data, resumeToken: call.resumeToken }
  if (call.status !== 'suspended') return
  call.redeliver = true
  setStatus(state, call, 'scheduled')
}
