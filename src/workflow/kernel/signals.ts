import { completeCall } from './calls.ts'
import type { JsonValue } from '../../core/json.ts'
import type { CallState } from './state.ts'
import { eventRef, record, type Turn } from './turn.ts'

/** Keeps a signal and gives it to the call that has waited longest for its name, if one does. */
export function receiveSignal(turn: Turn, name: string, data: JsonValue): void {
  record(turn, { kind: 'SignalReceived', name, data })
  for (const call of turn.state.live) {
    const isAwaited = call.status === 'waiting' || call.status === 'suspended'
    if (isAwaited && call.signal === name && deliverKept(turn, call)) return
  }
}

/**
 * Ends a call's wait with the oldest kept signal of its name; those that a suspended call's schema
 * refuses are passed over and stay.
 *
 * @returns false when there is none for it
 */
export function deliverKept(turn: Turn, call: CallState): boolean {
  const { signal, schema, dueAtMs } = call
  const kept = signal === null ? undefined : turn.state.signals.get(signal)
  if (signal === null || kept === undefined) return false
  const place = schema === null ? 0 : kept.findIndex((data) => turn.moment.fits(schema, data))
  if (place < 0) return false
  const wasSuspended = call.status === 'suspended'
  const delivered = { kind: 'SignalDelivered', ...eventRef(call.ref), name: signal } as const
  record(turn, place === 0 ? delivered : { ...delivered, place })
  if (wasSuspended) {
    turn.starting.push(call)
    return true
  }
  if (dueAtMs !== null) turn.commands.push({ kind: 'disarm', timer: { call: call.ref, dueAtMs } })
  completeCall(turn, call, call.resumed?.data ?? null)
  return true
}
