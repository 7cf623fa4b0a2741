import type { ActionContract, CallOutcome, LookupOutcome } from '../../core/contracts/call.ts'
import { type ErrorJson, OrchestrationError, StateConsistencyError } from '../../core/errors.ts'
import type { PublishedEvent } from '../../core/contracts/mesh.ts'
import type { StateWrite } from '../../core/contracts/state.ts'
import { callLabel } from './call-ref.ts'
import { callFailed, completeCall, settleCancelled } from './calls.ts'
import { startChild, undoChild } from './children.ts'
import { changesOf, conflictOf } from './entries.ts'
import type { KernelEvent } from './events.ts'
import { isOwn, setStatus } from './fold-step.ts'
import { idempotencyKey } from './keys.ts'
import { isCounted, isEnding, isSettling, mayStart } from './permission.ts'
import { budgetInForce, refusalByPolicy } from './policy-in-force.ts'
import { startPattern } from './start-pattern.ts'
import { deliverKept } from './signals.ts'
import { attemptFailed } from './retries.ts'
import type { CallState } from './state.ts'
import type { Slot } from './stimulus.ts'
import { agentTargetOf, targetOf } from './target.ts'
import { definite, eventRef, record, type Turn } from './turn.ts'
import { chargeOf } from './usage.ts'

/** From this loss on a call is delivered with nothing else running. */
const lossesTogetherMax = 3
/** So many losses while alone prove that the call itself ends the process. */
const lossesAloneMax = 3

/** Asks for a place for a scheduled call, unless nothing may start now or the budget is spent. */
export function requestStart(turn: Turn, call: CallState): void {
  const { state } = turn
  if (call.status === 'lookingUp') return requestLookup(turn, call)
  if (call.requested || call.status !== 'scheduled' || !mayStart(state, call)) return
  const undone = call.ref.undo === null ? undefined : state.undo[call.ref.undo]
  if (undone?.child != null) return undoChild(turn, call, undone.child)
  const { target } = targetOf(call)
  const forbidden = refusalByPolicy(call, target)
  if (forbidden !== null) return callFailed(turn, call, forbidden)
  if (target.kind === 'workflow') return startChild(turn, call, target)
  if (target.kind === 'pattern') return startPattern(turn, call, target)
  const countsForBudget = isCounted(call)
  if (countsForBudget && callsLeft(turn) === 0) {
    return attemptFailed(turn, call, budgetSpent(turn))
  }
  call.requested = true
  if (countsForBudget) state.requestedCalls++
  const { agent, action } = target
  const alone = isAlone(call)
  turn.commands.push({ kind: 'admit', call: call.ref, agent, action, alone, slot: slotOf(call) })
}

/** Undoing is not bounded. What may have happened is not left out: its delivery waits for its turn. */
function slotOf({ ref, slot, step, redeliver }: CallState): Slot | null {
  const { concurrency } = step.plan
  if (slot === null || concurrency === null || ref.undo !== null) return null
  return { key: slot, max: concurrency.max, onFull: redeliver ? 'wait' : concurrency.onFull }
}

/** Calls that the budget leaves, those that were asked for counted as made; null for any number. */
function callsLeft({ state, moment, callsAtStart }: Turn): number | null {
  const spent = state.agentCalls + state.requestedCalls
  const { agentCallsMax } = budgetInForce(state)
  const own = agentCallsMax === null ? Infinity : agentCallsMax - spent
  const inTree = moment.callsLeft == null ? Infinity : moment.callsLeft - (spent - callsAtStart)
  const left = Math.max(0, Math.min(own, inTree))
  return left === Infinity ? null : left
}

/** Calls that are left where those that were only asked for do not count. */
function callsLeftBeside(turn: Turn): number | null {
  const left = callsLeft(turn)
  return left === null ? null : left + turn.state.requestedCalls
}

function budgetSpent({ state }: Turn): ErrorJson {
  const { agentCallsMax } = budgetInForce(state)
  const whose =
    agentCallsMax === null
      ? 'the budget of the workflow above it'
      : `its budget of ${agentCallsMax} agent calls`
  return new OrchestrationError(
    'BudgetExceededError',
    `execution '${state.executionId}' has spent ${whose} (budget.agentCalls)`,
    { hint: 'raise budget.agentCalls in the document' },
  ).toJSON()
}

/** Takes back an unanswered request for a place. */
export function withdrawRequest(turn: Turn, call: CallState): void {
  if (!call.requested) return
  call.requested = false
  if (isCounted(call)) turn.state.requestedCalls--
  turn.commands.push({ kind: 'release', call: call.ref })
}

type AttemptStarted = KernelEvent & { kind: 'AttemptStarted' }

/** The call has its place: its attempt is recorded and will be made after the commit. */
export function admitted(
  turn: Turn,
  call: CallState,
  answer: { readonly contract: ActionContract; readonly isAccounted?: boolean },
): void {
  const { state } = turn
  const { contract, isAccounted = false } = answer
  if (call.status !== 'scheduled' || !call.requested) return
  if (!mayStart(state, call)) return withdrawRequest(turn, call)
  if (isCounted(call)) state.requestedCalls--
  const { effect, hasLookup: lookup, hash } = contract
  const attempt = call.redeliver ? call.attempt : call.attempt + 1
  const charge = chargeOf(call, contract, isAccounted)
  const started: { -readonly [K in keyof AttemptStarted]: AttemptStarted[K] } = {
    kind: 'AttemptStarted',
    ...eventRef(call.ref),
    attempt,
    effect,
    lookup,
    contract: hash,
  }
  if (isAlone(call)) started.alone = true
  if (charge !== undefined) started.charge = charge
  record(turn, started)
  const { agent, action } = agentTargetOf(call)
  const { secrets } = call.step.plan
  turn.commands.push({
    kind: 'invoke',
    call: call.ref,
    token: call.token,
    agent,
    action,
    attempt: call.attempt,
    input: call.input,
    ...(secrets.length === 0 ? {} : { secrets }),
    timeoutMs: call.timeoutMs,
    idempotencyKey: idempotencyKey(state, call),
    withTda: call.step.plan.tda,
    agentCallsLeft: callsLeftBeside(turn),
    resumed: call.resumed,
  })
}

/** A running attempt has ended. */
export function attemptEnded(turn: Turn, call: CallState, outcome: CallOutcome): void {
  switch (outcome.kind) {
    case 'completed':
      if (outcome.state !== undefined && !writeState(turn, call, outcome)) return
      if (outcome.events !== undefined) publish(turn, call, outcome.events)
      if (outcome.memory !== undefined)
        record(turn, { kind: 'MemoryChanged', ...eventRef(call.ref), change: outcome.memory })
      return completeCall(turn, call, outcome.output)
    case 'failed':
      if (isEnding(turn.state, call) && outcome.error.retryable) {
        // A `once` call that failed is known not to have happened.
        if (call.effect !== 'once') return settleCancelled(turn, call)
        return record(turn, { kind: 'CallCancelled', ...eventRef(call.ref) })
      }
      return attemptFailed(turn, call, outcome.error)
    case 'unknown':
      if (call.lookup) return lookUp(turn, call, outcome.error)
      return outcomeUnknown(turn, call, outcome.error)
    case 'suspended':
      return suspended(turn, call, outcome)
  }
}

/** What a completed call has published is recorded before its end: the same commit has both. */
function publish(turn: Turn, call: CallState, events: readonly PublishedEvent[]): void {
  const key = idempotencyKey(turn.state, call)
  record(turn, { kind: 'EventsPublished', ...eventRef(call.ref), key, events })
}

/**
 * Writes what a completed call wants written.
 *
 * @returns false when an entry had another version than the call expects: then the attempt has failed, and
 *   a call that must not happen twice for good
 */
function writeState(
  turn: Turn,
  call: CallState,
  { output, state: writes = [] }: CallOutcome & { kind: 'completed' },
): boolean {
  const { state, moment } = turn
  const conflict = conflictOf(state, writes, moment.atMs)
  if (conflict === undefined) {
    const changes = changesOf(state, writes, moment.atMs)
    if (changes.length > 0) record(turn, { kind: 'StateChanged', changes, ...eventRef(call.ref) })
    return true
  }
  const error = versionConflict(call, conflict)
  if (call.effect !== 'once' || call.ref.undo !== null) {
    attemptFailed(turn, call, error)
    return false
  }
  record(turn, { kind: 'CallFailed', ...eventRef(call.ref), error: definite(error), raw: output })
  if (isOwn(call)) turn.touched.push(call.step)
  return false
}

function versionConflict(
  call: CallState,
  { write, version }: { readonly write: StateWrite; readonly version: number },
): ErrorJson {
  return new StateConsistencyError(
    `'${callLabel(call.ref)}' expected version ${write.expectedVersion} of state '${write.key}', which has version ${version}`,
    { retryable: true, hint: 'read the entry again, or use ctx.state.update' },
  ).toJSON()
}

/** The answer to a lookup has come. */
export function lookedUp(turn: Turn, call: CallState, outcome: LookupOutcome): void {
  if (outcome.kind === 'completed') return completeCall(turn, call, outcome.output)
  if (outcome.kind === 'unknown') {
    return outcomeUnknown(turn, call, outcome.error ?? call.error ?? unknownOutcome(call))
  }
  if (isEnding(turn.state, call)) {
    return record(turn, { kind: 'CallCancelled', ...eventRef(call.ref) })
  }
  if (!call.redeliver)
    return attemptFailed(turn, call, { ...(call.error ?? unknownOutcome(call)), retryable: true })
  setStatus(turn.state, call, 'scheduled')
  call.isLost = false
  redeliver(turn, call)
}

/** The process ended while the attempt ran: what its effect says is done. */
export function attemptLost(turn: Turn, call: CallState): void {
  const { state } = turn
  record(turn, { kind: 'AttemptLost', ...eventRef(call.ref) })
  if (call.status === 'lookingUp') return requestLookup(turn, call)
  if (call.effect === 'once') return outcomeUnknown(turn, call, unknownOutcome(call))
  if (isEnding(state, call)) return settleCancelled(turn, call)
  redeliver(turn, call)
}

/** The lost attempt did nothing, or may do it again: it is delivered anew unless it ends the process each time. */
function redeliver(turn: Turn, call: CallState): void {
  if (call.lossesAlone < lossesAloneMax) {
    turn.starting.push(call)
    return
  }
  const error = new OrchestrationError(
    'CrashLoopError',
    `call '${callLabel(call.ref)}' was lost ${call.losses} times, ${call.lossesAlone} of them with nothing else running`,
    { hint: 'the process ends whenever this call runs: look at its agent and its input' },
  )
  callFailed(turn, call, error.toJSON())
}

export function requestLookup(turn: Turn, call: CallState): void {
  const { agent, action } = agentTargetOf(call)
  turn.commands.push({
    kind: 'lookup',
    call: call.ref,
    token: call.token,
    agent,
    action,
    idempotencyKey: idempotencyKey(turn.state, call),
  })
}

function lookUp(turn: Turn, call: CallState, error: ErrorJson): void {
  call.error = error
  setStatus(turn.state, call, 'lookingUp')
  requestLookup(turn, call)
}

/** Nobody knows whether a `once` call happened: it waits for `resolve`, unless the execution is being ended. */
function outcomeUnknown(turn: Turn, call: CallState, error: ErrorJson): void {
  if (call.ref.undo !== null) return callFailed(turn, call, { ...error, retryable: false })
  if (isSettling(turn.state)) return settleCancelled(turn, call)
  record(turn, { kind: 'CallUncertain', ...eventRef(call.ref), error })
}

function suspended(
  turn: Turn,
  call: CallState,
  outcome: CallOutcome & { kind: 'suspended' },
): void {
  if (call.ref.undo !== null) {
    const error = new OrchestrationError(
      'RefusedError',
      `compensation '${callLabel(call.ref)}' may not suspend`,
    )
    return callFailed(turn, call, error.toJSON())
  }
  if (turn.state.phase !== 'forward' || isEnding(turn.state, call))
    return record(turn, { kind: 'CallCancelled', ...eventRef(call.ref) })
  const { signal, schema, resumeToken } = outcome
  record(turn, { kind: 'CallSuspended', ...eventRef(call.ref), signal, schema, resumeToken })
  deliverKept(turn, call)
}

function unknownOutcome(call: CallState): ErrorJson {
  return new OrchestrationError(
    'UnknownOutcomeError',
    `nobody knows whether '${callLabel(call.ref)}' happened: its process ended or its answer was lost`,
    { hint: 'find out and use `aura resolve` with --retry, --succeed or --fail' },
  ).toJSON()
}

function isAlone(call: CallState): boolean {
  return call.losses >= lossesTogetherMax
}
