import { type ErrorJson, OrchestrationError, WorkflowTimeoutError } from '../../core/errors.ts'
import { isNoUsage } from '../../core/usage.ts'
import { executionIdMax } from '../../core/ids.ts'
import { limits } from '../../core/limits.ts'
import type { PlanTarget } from '../plan/plan.ts'
import { callLabel } from './call-ref.ts'
import { callFailed, completeCall } from './calls.ts'
import { isSettling } from './permission.ts'
import { attemptFailed } from './retries.ts'
import type { CallState, ChildRef, ExecutionState } from './state.ts'
import type { ChildEnd } from './stimulus.ts'
import { eventRef, record, type Turn } from './turn.ts'

type WorkflowTarget = PlanTarget & { kind: 'workflow' }

/** Has another execution work for a call: a new one, or for a retry the same once more. */
export function startChild(turn: Turn, call: CallState, target: WorkflowTarget): void {
  const { state } = turn
  const documentHash = state.pins[pinKey(target)]
  const executionId = childIdOf(state, call)
  const refusal = refusalOf(state, { target, documentHash, executionId })
  if (refusal !== null || documentHash === undefined) {
    if (refusal !== null) callFailed(turn, call, refusal)
    return
  }
  const dueAtMs = call.timeoutMs === null ? null : turn.moment.atMs + call.timeoutMs
  record(turn, {
    kind: 'ChildStarted',
    ...eventRef(call.ref),
    attempt: call.attempt + 1,
    executionId,
    documentHash,
    ...(dueAtMs === null ? {} : { dueAtMs }),
  })
  if (dueAtMs !== null) turn.commands.push({ kind: 'arm', timer: { call: call.ref, dueAtMs } })
  requestChild(turn, call)
}

/** Has the execution that worked for a call undone. */
export function undoChild(turn: Turn, call: CallState, child: ChildRef): void {
  record(turn, { kind: 'ChildStarted', ...eventRef(call.ref), attempt: call.attempt + 1, ...child })
  requestChild(turn, call)
}

/** Asks for what the call's other execution is to do: to start, or to be undone. Asking again changes nothing. */
export function requestChild(turn: Turn, call: CallState): void {
  const { child, token } = call
  if (child === null) return
  if (call.ref.undo !== null) return steerChild(turn, call, 'undo')
  turn.commands.push({ kind: 'startChild', call: call.ref, token, ...child, input: call.input })
  if (turn.state.paused) steerChild(turn, call, 'pause')
}

/** Hands a verb on to the execution that works for the call. */
export function steerChild(
  turn: Turn,
  call: CallState,
  verb: 'pause' | 'resume' | 'cancel' | 'undo',
): void {
  const { child, token } = call
  if (child === null) return
  const { executionId } = child
  turn.commands.push({ kind: 'steerChild', call: call.ref, token, executionId, verb })
}

/** Hands a verb on to every execution that works for this one. */
export function steerChildren(turn: Turn, verb: 'pause' | 'resume'): void {
  for (const call of turn.state.live) {
    if (call.status === 'child' && call.ref.undo === null) steerChild(turn, call, verb)
  }
}

/** The execution that worked for the call has ended. */
export function childEnded(turn: Turn, call: CallState, end: ChildEnd): void {
  const { dueAtMs } = call
  const { status, agentCalls, usage } = end
  const ended = { kind: 'ChildEnded', ...eventRef(call.ref), status, agentCalls } as const
  record(turn, isNoUsage(usage) ? ended : { ...ended, ...usage })
  if (dueAtMs !== null) turn.commands.push({ kind: 'disarm', timer: { call: call.ref, dueAtMs } })
  // However the undoing of another execution went, it keeps the account of it.
  if (call.ref.undo !== null || status === 'completed') return completeCall(turn, call, end.output)
  if (isSettling(turn.state)) return settleChild(turn, call)
  // Trying again means that the execution goes on where it failed.
  const retryable = status === 'failed' && end.error?.retryable === true
  if (retryable) return attemptFailed(turn, call, { ...failure(call, end), retryable })
  callFailed(turn, call, call.aborting ? timeout(call) : failure(call, end))
}

/** The call's time is over: its execution is cancelled, and its end awaited. */
export function childTimedOut(turn: Turn, call: CallState): void {
  call.aborting = true
  steerChild(turn, call, 'cancel')
}

/** Gives up a call's other execution: what it did may have happened in part, and the step's own compensation is told so. */
export function settleChild(turn: Turn, call: CallState): void {
  const isUnknown = call.step.plan.compensate !== null
  const cancelled = { kind: 'CallCancelled', ...eventRef(call.ref) } as const
  record(turn, isUnknown ? { ...cancelled, unknown: true } : cancelled)
}

/** The key under which the document of a sub-workflow is pinned. */
function pinKey({ name, range }: { readonly name: string; readonly range: string }): string {
  return `${name}@${range}`
}

/** `<parent>.<step>[.<index>]`, then what tells further executions of the same step apart. */
function childIdOf(state: ExecutionState, call: CallState): string {
  const { step, index } = call.ref
  let id = index === null ? `${state.executionId}.${step}` : `${state.executionId}.${step}.${index}`
  if (call.step.run > 1) id += `.r${call.step.run}`
  if (call.fallback > 0) id += `.f${call.fallback}`
  return call.poll > 1 ? `${id}.p${call.poll}` : id
}

function refusalOf(
  state: ExecutionState,
  child: {
    readonly target: WorkflowTarget
    readonly documentHash: string | undefined
    readonly executionId: string
  },
): ErrorJson | null {
  const { target, documentHash, executionId } = child
  if (documentHash === undefined) {
    return refuse(
      `workflow '${pinKey(target)}' was not found when '${state.executionId}' started`,
      'put its document beside the parent, or register it, and start anew',
    )
  }
  if (state.depth >= limits.depthOfWorkflowsMax) {
    return refuse(
      `'${state.executionId}' is ${state.depth} workflows deep; depthOfWorkflowsMax is ${limits.depthOfWorkflowsMax}`,
      'a workflow that calls itself must come to an end',
    )
  }
  if (executionId.length <= executionIdMax) return null
  return refuse(
    `the id of the sub-workflow of '${state.executionId}' would have ${executionId.length} characters; an id has at most ${executionIdMax}`,
    'start the parent with a shorter id',
  )
}

function refuse(message: string, hint: string): ErrorJson {
  return new OrchestrationError('RefusedError', message, { hint }).toJSON()
}

function failure(call: CallState, { status, error }: ChildEnd): ErrorJson {
  const id = call.child?.executionId ?? ''
  const why = error?.message ?? `it was ${status}`
  return {
    code: error?.code ?? (status === 'cancelled' ? 'WorkflowCancelledError' : 'StepFailedError'),
    message: `sub-workflow '${id}' ${status === 'cancelled' ? 'was cancelled' : 'failed'}: ${why}`,
    retryable: false,
    hint: error?.hint ?? `aura show ${id}`,
    details: { ...error?.details, executionId: id },
  }
}

function timeout(call: CallState): ErrorJson {
  return new WorkflowTimeoutError(
    `sub-workflow '${call.child?.executionId}' of '${callLabel(call.ref)}' did not end within ${call.timeoutMs} ms (timeout)`,
    { hint: "raise the step's timeout" },
  ).toJSON()
}
