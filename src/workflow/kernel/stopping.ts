import { withdrawRequest } from './attempts.ts'
import { steerChild } from './children.ts'
import type { CallState } from './state.ts'
import { eventRef, record, type Turn } from './turn.ts'

/** Such a call is awaited before anything is undone. */
export function isUnderWay(call: CallState): boolean {
  if (call.status === 'scheduled') return call.isLost
  return isAwaited(call) || call.status === 'uncertain'
}

/** Somebody works for the call now. */
export function isAwaited({ status }: CallState): boolean {
  return (
    status === 'running' ||
    status === 'lookingUp' ||
    status === 'child' ||
    status === 'coordinating'
  )
}

/** Ends a call for which nobody works now. */
export function stopCall(turn: Turn, call: CallState): void {
  withdrawRequest(turn, call)
  const { dueAtMs } = call
  const isTimed = dueAtMs !== null && call.status !== 'scheduled'
  const isUnknown = call.status === 'uncertain' || (call.isLost && call.effect !== 'read')
  record(turn, {
    kind: 'CallCancelled',
    ...eventRef(call.ref),
    ...(isUnknown ? { unknown: true } : {}),
  })
  if (isTimed) turn.commands.push({ kind: 'disarm', timer: { call: call.ref, dueAtMs } })
}

/** Tells whoever works for the call to stop; the end is awaited. */
export function abortCall(
  turn: Turn,
  call: CallState,
  reason: 'cancel' | 'timeout' | 'rollback',
): void {
  if (call.status === 'child') {
    const { onFailure } = turn.state.plan
    const isUndone = reason === 'rollback' || onFailure === 'compensate' || turn.state.mustUndo
    const hasOwn = call.step.plan.compensate !== null
    return steerChild(turn, call, isUndone && !hasOwn ? 'undo' : 'cancel')
  }
  if (call.status === 'coordinating') {
    turn.coordinating.push(call)
    return
  }
  if (call.status !== 'running' || call.aborting) return
  call.aborting = true
  turn.commands.push({ kind: 'abort', call: call.ref, token: call.token, reason })
}
