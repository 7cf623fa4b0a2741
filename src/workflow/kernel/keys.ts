import type { CallState, ExecutionState } from './state.ts'

/**
 * The idempotency key of a call: `<executionId>/<stepId>[<index>]/<run>`, then `/c<n>` for the nth
 * call that its patterns wanted or its agent made, `/f<n>` for the nth fallback, `/p<n>` for the nth poll
 * from the second, `/compensate` for its undoing. The same for every attempt and delivery.
 */
export function idempotencyKey(state: ExecutionState, call: CallState): string {
  if (call.ref.undo !== null) return `${state.undo[call.ref.undo]?.idempotencyKey}/compensate`
  const { step, index, part } = call.ref
  const own = index === null ? step : `${step}[${index}]`
  const { run } = call.step
  const base = state.key !== null && run === 1 ? state.key : `${state.executionId}/${own}/${run}`
  if (part !== undefined) return `${base}/c${part}`
  if (call.fallback > 0) return `${base}/f${call.fallback}`
  return call.poll > 1 ? `${base}/p${call.poll}` : base
}
