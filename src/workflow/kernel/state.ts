import type { Effect } from '../../core/contracts/call.ts'
import type { PolicyDecision } from '../../core/contracts/policy.ts'
import type { ErrorJson } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Plan, PlanStep } from '../plan/plan.ts'
import type { CallRef } from './call-ref.ts'
import { noUsage, type Usage } from '../../core/usage.ts'
import { type Charge, kernelVersion } from './events.ts'
import type { Adaptation, StepChange } from './adaptation.ts'
import { findPart, type HostedState, type PartState } from './hosted-state.ts'
import type { CallStatus, Phase } from './lifecycle.ts'
import { LiveCalls } from './live-calls.ts'
import type {
  DeadLetter,
  ParentRef,
  RollbackState,
  StateEntry,
  TakenCheckpoint,
} from './state-records.ts'

export type { CallStatus, Phase } from './lifecycle.ts'
export type { DeadLetter, ParentRef, RollbackState, StateEntry, TakenCheckpoint }

export interface CallState {
  readonly ref: CallRef
  readonly step: StepState
  status: CallStatus
  input: JsonValue
  /** Of the step's own target, while a fallback has another input. */
  ownInput: JsonValue
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
  /** How often it was refused since its last attempt. */
  refusals: number
  /** The key of `concurrency` under which its attempts are counted. */
  slot: string | null
  /** The fallback that a policy had it begin with; 0 for the step's own target. */
  first: number
  /** It calls nobody: it waits for the approval that a policy asked for. */
  isApproval: boolean
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
  /** It was given up and nobody knows what it did. */
  isUnknown: boolean
  /** Recorded successes under the effect `once`. */
  effects: number
  /** The execution that works for it, and how many agent calls of its tree are counted here. */
  child: ChildRef | null
  childCalls: number
  /** What the patterns that worked for it wanted; null before the first. */
  hosted: HostedState | null
  /** Set for a call that a pattern wanted. */
  readonly part: PartState | null
  childUsage: Usage
  /** What its last delivery has reserved and not settled. */
  charge: OpenCharge | null
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

/** What a delivery has reserved, and when. */
export type OpenCharge = Charge & { readonly atMs: number }

/** Another execution, started for a call. */
export interface ChildRef {
  readonly executionId: string
  readonly documentHash: string
}

export interface StepState {
  /** As the document says it, with what adaptations have changed. */
  plan: PlanStep
  /** What adaptations have changed; null for nothing. */
  adapted: StepChange | null
  /** Whether an approval that an adaptation added is awaited or was given; null for neither. */
  gate: 'asked' | 'passed' | null
  /** What expressions see; `status` is exact once the step has ended. */
  readonly view: { output: JsonValue; status: StepStatus; error: JsonValue }
  run: number
  /** Sequence numbers of the events that decided and settled it; 0 before that. */
  decidedSeq: number
  settledSeq: number
  /** Needs that have not settled yet. */
  needsLeft: number
  needsSkipped: number
  /** Null without `forEach`, and before that was evaluated. */
  items: ItemsState | null
  /** Calls by item; a step without `forEach` has one. */
  calls: CallState[]
  /** The highest token of calls that were left behind: those of the step go on from it. */
  tokenBase: number
  /** The run in which an attempt was made last; 0 for none. */
  calledRun: number
  liveCalls: number
  attempts: number
  degraded: { readonly from: string; readonly to: string; readonly because: string } | null
  /** What a policy decided about this run of it; null before that, and where it said nothing. */
  policy: PolicyDecision | null
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
  /** Of the step, when the call succeeded. */
  readonly run: number
  readonly idempotencyKey: string
  readonly input: JsonValue
  /** Null also when nobody knows whether the call happened. */
  readonly output: JsonValue
  call: CallState | null
  /** It was undone, or its undoing has failed for good. */
  isOver: boolean
  /** An undoing that must not happen twice has failed: whether it happened is asked before the next. */
  isAskedFirst: boolean
  /** The execution that is to be undone, where no compensation is declared. */
  readonly child: ChildRef | null
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
  ready: number[]
  unsettled: number
  readonly live: LiveCalls
  readonly counts: Record<CallStatus, number>
  agentCalls: number
  /** Places asked for whose attempts have not started: they will count. */
  requestedCalls: number
  /** What calls have used, sub-workflows included, and what running ones have reserved. */
  spent: Usage
  reserved: Usage
  /** What compensations have used, which is outside the budget. */
  spentUndoing: Usage
  /** Whose budget its calls spend; null for nobody's. */
  tenant: string | null
  /** Ids of the agents that are being called above it, the outermost first. */
  chain: readonly string[]
  /** The idempotency key of the call that it is; null for an execution that is no call of an agent's. */
  key: string | null
  readonly signals: Map<string, JsonValue[]>
  signalCount: number
  readonly undo: UndoEntry[]
  /** The entry that is undone now or next; -1 when none is left. */
  undoNext: number
  /** The one entry that is undone once more, in an execution that had ended; else null. */
  undoOnly: number | null
  /** Calls whose outcome stayed unknown and is not undone. */
  uncertain: string[]
  /** Null until something is written. */
  entries: Map<string, StateEntry> | null
  checkpoints: readonly TakenCheckpoint[]
  /** Every adaptation, also those that were reverted, oldest first. */
  adaptations: readonly Adaptation[]
  rollback: RollbackState | null
  /** Rollbacks that `onFailure: rollback` has made. */
  rollbacks: number
  /** The document's rollback was asked for; whoever drives the execution answers. */
  isRollbackAsked: boolean
  /** `onFailure: rollback` has been carried out for the last time, or refused. */
  isFailureHandled: boolean
  /** What succeeded is undone whatever `onFailure` says. */
  mustUndo: boolean
  /** Whether its failure opens a dead letter: not when it ends once more after one was closed. */
  opensLetter: boolean
  readonly deadLetters: Map<string, DeadLetter>
  /** It was redriven: calls may have been made before under the keys that they have now. */
  isRedriven: boolean
  parent: ParentRef | null
  /** How many executions are above it. */
  depth: number
  /** Documents of sub-workflows, by `name@range`, for the whole tree. */
  pins: { readonly [nameAndRange: string]: string }
  /** What the TDA feed said when it was recorded last; null when it never was. */
  tda: JsonObject | null
  /** The event that started it; null where none did, or where no policy was in force. */
  event: JsonObject | null
  /** What a policy decided when it started; null where it said nothing. */
  policy: PolicyDecision | null
}

const noCalls: Readonly<Record<CallStatus, number>> = {
  scheduled: 0,
  running: 0,
  lookingUp: 0,
  child: 0,
  coordinating: 0,
  backoff: 0,
  polling: 0,
  sleeping: 0,
  waiting: 0,
  suspended: 0,
  uncertain: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
}
const noPins = {}
const noAdaptations: readonly Adaptation[] = []
const noChain: readonly string[] = []

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
    counts: { ...noCalls },
    agentCalls: 0,
    requestedCalls: 0,
    spent: noUsage,
    reserved: noUsage,
    spentUndoing: noUsage,
    tenant: null,
    chain: noChain,
    key: null,
    signals: new Map(),
    signalCount: 0,
    undo: [],
    undoNext: -1,
    undoOnly: null,
    uncertain: [],
    entries: null,
    checkpoints: [],
    adaptations: noAdaptations,
    rollback: null,
    rollbacks: 0,
    isRollbackAsked: false,
    isFailureHandled: false,
    mustUndo: false,
    opensLetter: true,
    deadLetters: new Map(),
    isRedriven: false,
    parent: null,
    depth: 0,
    pins: noPins,
    tda: null,
    event: null,
    policy: null,
  }
}

function newStep(plan: PlanStep): StepState {
  return {
    plan,
    adapted: null,
    gate: null,
    view: { output: null, status: 'pending', error: null },
    run: 1,
    decidedSeq: 0,
    settledSeq: 0,
    needsLeft: plan.needs.length,
    needsSkipped: 0,
    items: null,
    calls: [],
    tokenBase: 0,
    calledRun: 0,
    liveCalls: 0,
    attempts: 0,
    degraded: null,
    policy: null,
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
  const call = number === undefined ? undefined : state.steps[number]?.calls[ref.index ?? 0]
  return ref.part === undefined ? call : findPart(call, ref.part)
}

export function findStep(state: ExecutionState, id: string): StepState | undefined {
  const number = state.plan.stepIndex.get(id)
  return number === undefined ? undefined : state.steps[number]
}
