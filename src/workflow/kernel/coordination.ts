import { invariant } from '../../core/assert.ts'
import type { PatternCall, PatternDecision, WantedCall } from '../../core/contracts/pattern.ts'
import { OrchestrationError, toErrorJson } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import { callLabel } from './call-ref.ts'
import { callFailed, completeCall, settleCancelled } from './calls.ts'
import type { PatternResult } from './events.ts'
import { specInForce } from './policy-in-force.ts'
import { partsOf } from './revive.ts'
import type { HostedState } from './hosted-state.ts'
import type { CallState } from './state.ts'
import { abortCall, stopCall } from './stopping.ts'
import { targetOf } from './target.ts'
import { callScope, definite, eventRef, record, type Turn } from './turn.ts'

/**
 * Goes on with the pattern that works for a call, since one of its parts has ended, its deadline is over, or the
 * execution does not go forward any more: then nothing new is decided, and the call ends with its last part, at
 * the deadline without those that may be given up.
 */
export function coordinate(turn: Turn, host: CallState): void {
  const { hosted } = host
  if (host.status !== 'coordinating' || hosted === null) return
  const isForward = turn.state.phase === 'forward'
  if (isForward && hosted.result === null) decide(turn, host, hosted)
  if (isForward && hosted.result === null) return
  if (isOverdue(turn, host)) releaseParts(turn, hosted)
  if (hosted.parts.some(isOpen)) return
  if (hosted.result === null) {
    stopCall(turn, host)
    turn.touched.push(host.step)
  } else if ('error' in hosted.result) callFailed(turn, host, hosted.result.error)
  else completeCall(turn, host, hosted.result.output)
}

function decide(turn: Turn, host: CallState, hosted: HostedState): void {
  const parts = partsOf(host)
  const decision = decisionOf(turn, host, parts)
  if (decision.kind === 'call') {
    for (const wanted of decision.calls) schedulePart(turn, host, wanted)
    const isAwaiting = decision.calls.length > 0 || parts.some(isOpen)
    invariant(isAwaiting, `the pattern of '${callLabel(host.ref)}' waits for nothing`)
    return
  }
  const { dueAtMs } = host
  const result: PatternResult =
    decision.kind === 'completed'
      ? { output: decision.output }
      : { error: definite(decision.error) }
  record(turn, { kind: 'PatternDecided', ...eventRef(host.ref), result })
  if (dueAtMs !== null) turn.commands.push({ kind: 'disarm', timer: { call: host.ref, dueAtMs } })
  releaseParts(turn, hosted)
}

function decisionOf(turn: Turn, host: CallState, parts: readonly CallState[]): PatternDecision {
  const { target } = targetOf(host)
  invariant(target.kind === 'pattern', `'${callLabel(host.ref)}' has no pattern`)
  const { input } = host
  try {
    const decision = turn.moment.patterns.decide(specInForce(host, target.spec), {
      input,
      calls: parts.map(factOf),
      isOverdue: isOverdue(turn, host),
      scope: callScope(turn, host),
    })
    return tooManyParts(host, decision) ?? decision
  } catch (thrown) {
    return { kind: 'failed', error: toErrorJson(thrown, 'ExpressionError') }
  }
}

function tooManyParts(
  { ref, hosted }: CallState,
  decision: PatternDecision,
): PatternDecision | null {
  if (decision.kind !== 'call' || hosted === null) return null
  const count = hosted.parts.length + decision.calls.length
  if (count <= limits.patternCallsMax) return null
  const error = new OrchestrationError(
    'PatternError',
    `the pattern of '${callLabel(ref)}' wants ${count} calls; patternCallsMax is ${limits.patternCallsMax}`,
    { hint: 'lower options.roundsMax, or split the step' },
  )
  return { kind: 'failed', error: error.toJSON() }
}

function factOf({ status, part, error }: CallState): PatternCall {
  invariant(part !== null, 'a part without a pattern')
  const { agent, action, note, output } = part
  if (status === 'completed') return { agent, action, note, status, output, error: null }
  if (status === 'failed') return { agent, action, note, status, output: null, error }
  return { agent, action, note, status: 'open', output: null, error: null }
}

function schedulePart(turn: Turn, host: CallState, wanted: WantedCall): void {
  const { hosted } = host
  if (hosted === null) return
  const part = hosted.partsBefore + hosted.parts.length + 1
  record(turn, { kind: 'PartScheduled', ...eventRef(host.ref), part, ...wanted })
  turn.starting.push(hosted.parts.at(-1) as CallState)
}

function isOverdue({ moment, due }: Turn, host: CallState): boolean {
  return due === host || (host.dueAtMs !== null && host.dueAtMs <= moment.atMs)
}

function releaseParts(turn: Turn, { parts }: HostedState): void {
  for (const part of parts) if (isOpen(part)) release(turn, part)
}

/** A part is of no use any more. What must not be lost is awaited, or waits for whoever resolves it. */
function release(turn: Turn, part: CallState): void {
  const { status, effect } = part
  if (status === 'running') abortCall(turn, part, 'cancel')
  if (status === 'lookingUp' || status === 'uncertain') return
  if (status !== 'running') return stopCall(turn, part)
  if (effect === 'once') return
  turn.commands.push({ kind: 'abandon', call: part.ref })
  settleCancelled(turn, part)
}

function isOpen({ status }: CallState): boolean {
  return status !== 'completed' && status !== 'failed' && status !== 'cancelled'
}
