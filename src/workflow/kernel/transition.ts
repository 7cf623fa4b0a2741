import { assertNever, invariant } from '../../core/assert.ts'
import { OrchestrationError, toErrorJson } from '../../core/errors.ts'
import { resolveDuration } from '../plan/resolve-duration.ts'
import { adapt, revertAdaptation } from './adapt.ts'
import { admitted, attemptEnded, attemptLost, lookedUp } from './attempts.ts'
import { callFailed, completeCall, resolvedAsFailed } from './calls.ts'
import { advance } from './advance.ts'
import { observeTda, takeCheckpoint, tdaChanged } from './checkpoints.ts'
import { childEnded, childTimedOut, steerChildren } from './children.ts'
import { changesOf } from './entries.ts'
import { decideFailure, giveUp, settle } from './endings.ts'
import { type KernelEvent, kernelVersion } from './events.ts'
import { setStatus } from './fold-step.ts'
import { forkedEvent } from './fork.ts'
import { resume } from './pausing.ts'
import { isGoingBack, isSettling, mayPause } from './permission.ts'
import { askAtStart } from './ask-policy.ts'
import { approvalLate } from './policy-in-force.ts'
import { recover } from './recovery.ts'
import { leftOut, refused } from './refusals.ts'
import { redrive, redriveCompensation } from './redrive.ts'
import { refuseRollback, requestRollback } from './rollback.ts'
import { receiveSignal } from './signals.ts'
import { type CallState, type ExecutionState, findCall } from './state.ts'
import type { Moment, Origin, Resolution, Stimulus, Timer } from './stimulus.ts'
import { settleUsage } from './usage.ts'
import { eventRef, newTurn, record, scopeOf, type Transition, type Turn } from './turn.ts'

/**
 * The kernel: decides what a stimulus means for an execution. Pure but for the state, which it changes
 * in place: no clock, no randomness, no I/O; the same state, stimulus and moment give the same events
 * and commands. A stimulus that comes too late or twice gives neither.
 *
 * @param made is appended to and returned; default a new one
 * @throws InternalError on a broken invariant; the state is then not to be used any more
 */
export function transition(
  state: ExecutionState,
  stimulus: Stimulus,
  moment: Moment,
  made: Transition = { events: [], commands: [] },
): Transition {
  if (state.phase === 'ended' && !reopening.has(stimulus.kind)) return made
  const turn = newTurn(state, moment, made)
  apply(turn, stimulus)
  advance(turn)
  return made
}

/** What an execution hears also when it has ended. */
const reopening: ReadonlySet<Stimulus['kind']> = new Set([
  'rollback',
  'redrive',
  'redriveCompensation',
  'undo',
  'discard',
])

function apply(turn: Turn, stimulus: Stimulus): void {
  const { state } = turn
  switch (stimulus.kind) {
    case 'start':
      return start(turn, stimulus.origin ?? {})
    case 'recovered':
      return recover(turn)
    case 'admitted':
    case 'refused':
    case 'leftOut':
    case 'ended':
    case 'lost':
    case 'lookedUp':
    case 'resolve':
      return answer(turn, stimulus)
    case 'timer':
      return timerFired(turn, stimulus.timer)
    case 'signal':
      return receiveSignal(turn, stimulus.name, stimulus.data)
    case 'pause':
      if (state.paused || !(mayPause(state) || isGoingBack(state))) return
      record(turn, { kind: 'ExecutionPaused' })
      return steerChildren(turn, 'pause')
    case 'resume':
      return resume(turn)
    case 'cancel':
      // One that had ended, and of which a compensation is made again, ends as it had ended.
      if (state.result !== 'cancelled' && state.undoOnly === null) settle(turn, 'cancel')
      return
    default:
      return applyOperation(turn, stimulus)
  }
}

type Answer = Extract<
  Stimulus,
  { kind: 'admitted' | 'refused' | 'leftOut' | 'ended' | 'lost' | 'lookedUp' | 'resolve' }
>

/** Somebody answers what a call asked for or waits for. */
function answer(turn: Turn, stimulus: Answer): void {
  const call = findCall(turn.state, stimulus.call)
  if (call === undefined) return
  switch (stimulus.kind) {
    case 'admitted':
      return admitted(turn, call, stimulus)
    case 'refused':
      return refused(turn, call, stimulus)
    case 'leftOut':
      return leftOut(turn, call)
    case 'ended':
      if (call.status === 'running' && call.token === stimulus.token) {
        settleUsage(turn, call, stimulus.outcome)
        attemptEnded(turn, call, stimulus.outcome)
      }
      return
    case 'lost':
      if (call.status === 'running' && call.token === stimulus.token) attemptLost(turn, call)
      return
    case 'lookedUp':
      if (call.status === 'lookingUp' && call.token === stimulus.token)
        lookedUp(turn, call, stimulus.outcome)
      return
    case 'resolve':
      if (call.status === 'uncertain') resolve(turn, call, stimulus.resolution)
      return
    default:
      assertNever(stimulus, 'answer')
  }
}

type Operation = Extract<
  Stimulus,
  {
    kind:
      | 'undo'
      | 'writeState'
      | 'adapt'
      | 'revertAdaptation'
      | 'checkpoint'
      | 'tdaChanged'
      | 'rollback'
      | 'rollbackRefused'
      | 'redrive'
      | 'redriveCompensation'
      | 'discard'
      | 'childEnded'
  }
>

function applyOperation(turn: Turn, stimulus: Operation): void {
  const { state, moment } = turn
  switch (stimulus.kind) {
    case 'undo':
      if (state.phase !== 'ended') return state.mustUndo ? undefined : settle(turn, 'undo')
      if (state.result === 'completed') record(turn, { kind: 'UndoRequested' })
      return
    case 'writeState':
      return record(turn, {
        kind: 'StateChanged',
        changes: changesOf(state, stimulus.writes, moment.atMs),
      })
    case 'adapt':
      return adapt(turn, stimulus.order)
    case 'revertAdaptation':
      return revertAdaptation(turn, stimulus.id, stimulus.because)
    case 'checkpoint':
      return takeCheckpoint(turn, 'verb', stimulus.label)
    case 'tdaChanged':
      return tdaChanged(turn)
    case 'rollback':
      return requestRollback(turn, stimulus.order)
    case 'rollbackRefused':
      return refuseRollback(turn, stimulus.error)
    case 'redrive':
      return redrive(turn, stimulus.token)
    case 'redriveCompensation':
      return redriveCompensation(turn, stimulus.undo)
    case 'discard':
      if (state.deadLetters.has(stimulus.deadLetterId))
        record(turn, { kind: 'DeadLetterDiscarded', id: stimulus.deadLetterId })
      return
    case 'childEnded': {
      const call = findCall(state, stimulus.call)
      if (call?.status === 'child' && call.token === stimulus.token)
        childEnded(turn, call, stimulus.end)
      return
    }
    default:
      assertNever(stimulus, 'stimulus')
  }
}

function start(turn: Turn, origin: Origin): void {
  recordStart(turn, origin)
  const { state } = turn
  askAtStart(turn)
  if (origin.fork !== undefined) record(turn, forkedEvent(state, origin.fork))
  observeTda(turn)
}

function recordStart(turn: Turn, origin: Origin): void {
  const { state, moment } = turn
  invariant(state.seq === 0, `execution '${state.executionId}' has started before`)
  const base = {
    kind: 'ExecutionStarted',
    executionId: state.executionId,
    kernelVersion,
    input: state.input,
    ...originFields(origin),
  } as const
  const { timeout } = state.plan
  if (timeout === null) return record(turn, base)
  state.startedAtMs = moment.atMs
  try {
    const dueAtMs = moment.atMs + resolveDuration(timeout, () => scopeOf(turn))
    record(turn, { ...base, dueAtMs })
    turn.commands.push({ kind: 'arm', timer: { call: null, dueAtMs } })
  } catch (thrown) {
    record(turn, base)
    decideFailure(turn, null, toErrorJson(thrown, 'ExpressionError'))
  }
}

const nothing = {}

function originFields(origin: Origin): Partial<KernelEvent & { kind: 'ExecutionStarted' }> {
  const { parent, pins, flags, tenant, chain, event, key } = origin
  if (Object.keys(origin).length === 0) return nothing
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...(chain === undefined ? {} : { chain }),
    ...(event === undefined ? {} : { event }),
    ...(key === undefined ? {} : { key }),
    ...(parent === undefined
      ? {}
      : {
          parent: {
            executionId: parent.executionId,
            ...eventRef(parent.call),
            token: parent.token,
            depth: parent.depth,
          },
        }),
    ...(pins === undefined ? {} : { pins }),
    ...(flags === undefined ? {} : { flags }),
  }
}

function timerFired(turn: Turn, timer: Timer): void {
  const { state } = turn
  if (timer.call === null) {
    if (state.graceDueAtMs === timer.dueAtMs && isSettling(state)) return giveUp(turn)
    const mayTimeOut = state.phase === 'forward' || state.phase === 'stopping'
    if (state.dueAtMs === timer.dueAtMs && mayTimeOut) settle(turn, 'timeout')
    return
  }
  const call = findCall(state, timer.call)
  if (call === undefined || call.dueAtMs !== timer.dueAtMs) return
  switch (call.status) {
    case 'backoff':
    case 'polling':
      return retryNow(turn, call)
    case 'sleeping':
    case 'waiting':
      return awaitedLongEnough(turn, call)
    case 'child':
      return childTimedOut(turn, call)
    case 'coordinating':
      turn.due = call
      turn.coordinating.push(call)
      return
    default:
      return
  }
}

/** The delay is over: nothing is recorded before the attempt starts, so a crash here repeats this. */
function retryNow(turn: Turn, call: CallState): void {
  setStatus(turn.state, call, 'scheduled')
  turn.starting.push(call)
}

function awaitedLongEnough(turn: Turn, call: CallState): void {
  if (call.isApproval) return callFailed(turn, call, approvalLate(call))
  if (call.onDue !== 'fail') return completeCall(turn, call, null)
  const what = call.signal === null ? 'sleep' : `signal '${call.signal}'`
  const error = new OrchestrationError(
    'WorkflowTimeoutError',
    `'${call.step.plan.id}' waited for its ${what} until its timeout`,
    { hint: 'raise the timeout, or say `onTimeout: continue`' },
  )
  callFailed(turn, call, error.toJSON())
}

function resolve(turn: Turn, call: CallState, resolution: Resolution): void {
  record(turn, { kind: 'CallResolved', ...eventRef(call.ref), resolution: resolution.kind })
  switch (resolution.kind) {
    case 'retry':
      turn.starting.push(call)
      return
    case 'succeed':
      return completeCall(turn, call, resolution.output)
    case 'fail':
      return callFailed(turn, call, resolvedAsFailed(call))
    default:
      assertNever(resolution, 'resolution')
  }
}
