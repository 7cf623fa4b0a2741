import type { ErrorJson } from '../../core/errors.ts'
import type { Scope } from '../expression/scope.ts'
import type { CallRef, NamesCall } from './call-ref.ts'
import type { KernelEvent } from './events.ts'
import { stateView } from './entries.ts'
import { fold } from './fold.ts'
import { type CallState, type ExecutionState, findCall, type StepState } from './state.ts'
import type { Command, Moment } from './stimulus.ts'

/** What transitions have made: appended to by each. */
export interface Transition {
  /** To be recorded, all in one commit, before any command but `admit` and `release` is obeyed. */
  readonly events: KernelEvent[]
  readonly commands: Command[]
}

/** One transition while it is being made: what was recorded and what is to be done so far. */
export interface Turn {
  readonly state: ExecutionState
  readonly moment: Moment
  readonly events: KernelEvent[]
  readonly commands: Command[]
  /** Calls that want to start; asked for before the turn ends. */
  readonly starting: CallState[]
  /** Steps of which a call has ended, or which have failed; looked at before the turn ends. */
  readonly touched: StepState[]
  /** Calls for which a pattern works, and for which it is to go on before the turn ends. */
  readonly coordinating: CallState[]
  /** The call whose timer is due, whatever the wall clock says by now; null for none. */
  due: CallState | null
  /** Agent calls that were made or asked for when the turn began. */
  readonly callsAtStart: number
}

/** Begins a transition. */
export function newTurn(state: ExecutionState, moment: Moment, made: Transition): Turn {
  starting.length = 0
  touched.length = 0
  coordinating.length = 0
  const { events, commands } = made
  const callsAtStart = state.agentCalls + state.requestedCalls
  return {
    state,
    moment,
    events,
    commands,
    starting,
    touched,
    coordinating,
    due: null,
    callsAtStart,
  }
}

// Empty between transitions, and no transition runs inside another: the same serve them all.
const starting: CallState[] = []
const touched: StepState[] = []
const coordinating: CallState[] = []

/** Decides an event: it is folded at once, so that later decisions of the turn see it. */
export function record(turn: Turn, event: KernelEvent): void {
  turn.events.push(event)
  fold(turn.state, event, turn.moment.atMs)
  if ('part' in event && event.part !== undefined) partRecorded(turn, event)
}

/** A part of a pattern has ended: its pattern goes on. */
function partRecorded(turn: Turn, event: KernelEvent): void {
  if (
    event.kind !== 'CallCompleted' &&
    event.kind !== 'CallFailed' &&
    event.kind !== 'CallCancelled'
  )
    return
  const { step, index = null, undo } = event
  if (undo !== undefined) return
  const host = findCall(turn.state, { step, index, undo: null })
  if (host !== undefined) turn.coordinating.push(host)
}

/** The fields by which an event names a call. */
export function eventRef(ref: CallRef): NamesCall {
  if (ref.part !== undefined) return partRef(ref, ref.part)
  if (ref.index === null)
    return ref.undo === null ? { step: ref.step } : { step: ref.step, undo: ref.undo }
  if (ref.undo === null) return { step: ref.step, index: ref.index }
  return { step: ref.step, index: ref.index, undo: ref.undo }
}

function partRef({ step, index, undo }: CallRef, part: number): NamesCall {
  return {
    step,
    part,
    ...(index === null ? {} : { index }),
    ...(undo === null ? {} : { undo }),
  }
}

/** What expressions see at this moment. */
export function scopeOf(turn: Turn, extra?: Partial<Scope>): Scope {
  const { state, moment } = turn
  return {
    input: state.input,
    steps: state.views,
    execution: { id: state.executionId, startedAtMs: state.startedAtMs },
    tda: moment.tda,
    // Made when it is read: most expressions do not.
    get state() {
      return stateView(state, moment.atMs)
    },
    ...extra,
  }
}

/** The scope of a call's own templates: with `item` and `index` where its step has `forEach`. */
export function callScope(turn: Turn, call: CallState, extra?: Partial<Scope>): Scope {
  const { index } = call.ref
  if (index === null) return scopeOf(turn, extra)
  return scopeOf(turn, { item: call.step.items?.values[index] ?? null, index, ...extra })
}

/** An error that ends a call without another try. */
export function definite(error: ErrorJson): ErrorJson {
  return error.retryable ? { ...error, retryable: false } : error
}
