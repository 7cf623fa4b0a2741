import type { Effect } from '../../core/contracts/call.ts'
import type { ErrorJson } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Plan, PlanStep } from '../plan/plan.ts'
import type { CallRef } from './call-ref.ts'
import { kernelVersion } from './events.ts'
import { LiveCalls } from './live-calls.ts'

/**
 * Where an execution is in its life.
 * `forward`: steps are decided and run. `stopping`: a step failed for good; what runs may finish.
 * `cancelling`, `timingOut`: running attempts were told to stop and are awaited for a while.
 * `compensating`: recorded successes are undone, last first. `ended`: nothing happens any more.
 */
export type Phase = 'forward' | 'stopping' | 'cancelling' | 'timingOut' | 'compensating' | 'ended'

/**
 * Where a call is.
 * `scheduled`: wants to start. `running`: an attempt was started. `lookingUp`: its unknown outcome is
 * being asked for. `backoff`, `polling`, `sleeping`, `waiting`, `suspended`: something is awaited.
 * `uncertain`: only `resolve` helps. The last three are final.
 */
export type CallStatus =
  | 'scheduled'
  | 'running'
  | 'lookingUp'
  | 'backoff'
  | 'polling'
  | 'sleeping'
  | 'waiting'
  | 'suspended'
  | 'uncertain'
  | 'completed'
  | 'failed'
  | 'cancelled'

export interface CallState {
  readonly ref: CallRef
  readonly step: StepState
  status: CallStatus
  input: JsonValue
  timeoutMs: number | null
  /** When the present sleep, wait or delay ends. */
  dueAtMs: number | null
  onDue: 'complete' | 'continue' | 'fail'
  signal: string | null
  schema: JsonObject | null
  resumeToken: JsonValue
  resumed: {
    readonly signal: string
    readonly data: JsonValue
    readonly resumeToken: JsonValue
  } | null
  /** 0 for the step's own target, else the number of the fallback. */
  fallback: number
  poll: number
  /** Attempts of the present target and poll. */
  attempt: number
  /** Counts started deliveries; an outcome under an older token is stale. */
  token: number
  effect: Effect
  lookup: boolean
  /** The next start is a delivery of the same attempt. */
  redeliver: boolean
  /** A place in the pool was asked for. */
  requested: boolean
  aborting: boolean
  /** Its last delivery was lost and nobody knows what it did. */
  isLost: boolean
  losses: number
  lossesAlone: number
  alone: boolean
  /** Why the step's own target was left for a fallback. */
  leftBecause: ErrorJson | null
  /** Why the last attempt or target was left. */
  error: ErrorJson | null
  /** Neighbours among the live calls. */
  before: CallState | null
  after: CallState | null
}

export interface StepState {
  readonly plan: PlanStep
  /** What expressions see; `status` is exact once the step has ended. */
  readonly view: { output: JsonValue; status: StepStatus; error: JsonValue }
  run: number
  /** Needs that have not settled yet. */
  needsLeft: number
  needsSkipped: number
  /** Null without `forEach`, and before that was evaluated. */
  items: ItemsState | null
  /** Calls by item; a step without `forEach` has one. */
  readonly calls: CallState[]
  liveCalls: number
  attempts: number
  degraded: { readonly from: string; readonly to: string; readonly because: string } | null
  undoCount: number
  undoneCount: number
  startedAtMs: number | null
  endedAtMs: number | null
}

/** What a step with `forEach` knows beside its calls. */
export interface ItemsState {
  readonly values: readonly JsonValue[]
  /** The first item that has not started. */
  next: number
  completed: number
  /** By item; filled in any order. */
  readonly outputs: JsonValue[]
  readonly failed: { readonly index: number; readonly error: ErrorJson }[]
}

export type StepStatus =
  | 'pending'
  | 'running'
  | 'waiting'
  | 'uncertain'
  | 'completed'
  | 'failed'
  | 'skipped'
  | 'cancelled'
  | 'compensated'

/** A recorded success that compensation can undo. */
export interface UndoEntry {
  readonly ref: CallRef
  readonly idempotencyKey: string
  readonly input: JsonValue
  /** Null also when nobody knows whether the call happened. */
  readonly output: JsonValue
  call: CallState | null
}

/** All that is known of one execution: the fold of its events. Owned and changed by the kernel only. */
export interface ExecutionState {
  readonly executionId: string
  readonly plan: Plan
  /** Events folded so far. */
  seq: number
  version: number
  phase: Phase
  paused: boolean
  result: 'completed' | 'failed' | 'cancelled' | null
  input: JsonObject
  startedAtMs: number
  endedAtMs: number | null
  /** When the execution times out. */
  dueAtMs: number | null
  timedOut: boolean
  /** Until when aborted attempts are awaited. */
  graceDueAtMs: number | null
  output: JsonValue
  error: ErrorJson | null
  readonly steps: readonly StepState[]
  readonly views: { readonly [stepId: string]: StepState['view'] }
  /** Numbers of steps whose needs have settled and that are not decided yet, in order. */
  readonly ready: number[]
  unsettled: number
  readonly live: LiveCalls
  readonly counts: Record<CallStatus, number>
  agentCalls: number
  /** Places asked for whose attempts have not started: they will count. */
  requestedCalls: number
  readonly signals: Map<string, JsonValue[]>
  signalCount: number
  readonly undo: UndoEntry[]
  /** The entry that is undone now or next; -1 when none is left. */
  undoNext: number
  /** Calls whose outcome stayed unknown and is not undone. */
  readonly uncertain: string[]
}

/** An execution before its first event. */
export function newExecution(executionId: string, plan: Plan, input: JsonObject): ExecutionState {
  const steps = plan.steps.map(newStep)
  const views: Record<string, StepState['view']> = Object.create(null) as Record<
    string,
    StepState['view']
  >
  for (const step of steps) views[step.plan.id] = step.view
  return {
    executionId,
    plan,
    seq: 0,
    version: kernelVersion,
    phase: 'forward',
    paused: false,
    result: null,
    input,
    startedAtMs: 0,
    endedAtMs: null,
    dueAtMs: null,
    timedOut: false,
    graceDueAtMs: null,
    output: null,
    error: null,
    steps,
    views,
    ready: [],
    unsettled: steps.length,
    live: new LiveCalls(),
    counts: {
      scheduled: 0,
      running: 0,
      lookingUp: 0,
      backoff: 0,
      polling: 0,
      sleeping: 0,
      waiting: 0,
      suspended: 0,
      uncertain: 0,
      completed: 0,
      failed: 0,
      cancelled: 0,
    },
    agentCalls: 0,
    requestedCalls: 0,
    signals: new Map(),
    signalCount: 0,
    undo: [],
    undoNext: -1,
    uncertain: [],
  }
}

function newStep(plan: PlanStep): StepState {
  return {
    plan,
    view: { output: null, status: 'pending', error: null },
    run: 1,
    needsLeft: plan.needs.length,
    needsSkipped: 0,
    items: null,
    calls: [],
    liveCalls: 0,
    attempts: 0,
    degraded: null,
    undoCount: 0,
    undoneCount: 0,
    startedAtMs: null,
    endedAtMs: null,
  }
}

/** The call that a reference names; undefined when there is none (yet). */
export function findCall(state: ExecutionState, ref: CallRef): CallState | undefined {
  if (ref.undo !== null) return state.undo[ref.undo]?.call ?? undefined
  const number = state.plan.stepIndex.get(ref.step)
  return number === undefined ? undefined : state.steps[number]?.calls[ref.index ?? 0]
}

export function findStep(state: ExecutionState, id: string): StepState | undefined {
  const number = state.plan.stepIndex.get(id)
  return number === undefined ? undefined : state.steps[number]
}
