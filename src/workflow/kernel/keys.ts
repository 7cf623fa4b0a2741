import type { CallState, ExecutionState } from './state.ts'

/**
 * The idempotency key of a call: `<executionId>/<stepId>[<index>]/<run>`, then `/f<n>` for the nth
 * fallback, `/p<n>` for the nth poll from the second, `/compensate` for its undoing. The same for every
 * attempt and delivery.
 */
export function idempotencyKey(state: ExecutionState, call: CallState): string {
  if (call.ref.undo !== null) return `${state.undo[call.ref.undo]?.idempotencyKey}/compensate`
  const { step, index } = call.ref
  const part = index === null ? step : `${step}[${index}]`
  const base = `${state.executionId}/${part}/${call.step.run}`
  if (call.fallback > 0) return `${base}/f${call.fallback}`
  return call.poll > 1 ? `${base}/p${call.poll}` : base
}
