import { completeCall } from './calls.ts'
import type { JsonValue } from '../../core/json.ts'
import type { CallState } from './state.ts'
import { eventRef, record, type Turn } from './turn.ts'

/** Keeps a signal and gives it to the call that has waited longest for its name, if one does. */
export function receiveSignal(turn: Turn, name: string, data: JsonValue): void {
  record(turn, { kind: 'SignalReceived', name, data })
  for (const call of turn.state.live) {
    if ((call.status === 'waiting' || call.status === 'suspended') && call.signal === name) {
      deliver(turn, call, name)
      return
    }
  }
}

/** Ends a call's wait at once when its signal came early. */
export function deliverKept(turn: Turn, call: CallState): boolean {
  if (call.signal === null || !turn.state.signals.has(call.signal)) return false
  deliver(turn, call, call.signal)
  return true
}

function deliver(turn: Turn, call: CallState, name: string): void {
  const wasSuspended = call.status === 'suspended'
  const { dueAtMs } = call
  record(turn, { kind: 'SignalDelivered', ...eventRef(call.ref), name })
  if (wasSuspended) {
    turn.starting.push(call)
    return
  }
  if (dueAtMs !== null) turn.commands.push({ kind: 'disarm', timer: { call: call.ref, dueAtMs } })
  completeCall(turn, call, call.resumed?.data ?? null)
}
