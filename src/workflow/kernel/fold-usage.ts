import { addUsage, isNoUsage, noUsage, type Usage } from '../../core/usage.ts'
import type { Charge, KernelEvent, KernelEventKind } from './events.ts'
import type { CallState, ExecutionState } from './state.ts'

/**
 * Events after which nothing more is learnt of a delivery. What it has still reserved then counts as used:
 * nobody knows better, and also what never came to its effect may have cost something on the way. A lost or
 * uncertain one keeps its reservation until then.
 */
export const endsDelivery: ReadonlySet<KernelEventKind> = new Set([
  'AttemptStarted',
  'RetryScheduled',
  'FallbackScheduled',
  'PollCompleted',
  'CallSuspended',
  'CallCompleted',
  'CallFailed',
  'CallCancelled',
])

/** A delivery reserves what it may use. */
export function foldCharge(
  state: ExecutionState,
  call: CallState,
  charge: Charge,
  atMs: number,
): void {
  call.charge = { ...charge, atMs }
  state.reserved = addUsage(state.reserved, usageOf(charge))
}

/** What a delivery has used is known. */
export function foldSettled(
  state: ExecutionState,
  call: CallState,
  event: KernelEvent & { kind: 'UsageSettled' },
): void {
  release(state, call)
  if (call.ref.undo === null) state.spent = addUsage(state.spent, event)
  else state.spentUndoing = addUsage(state.spentUndoing, event)
}

/** What the last delivery has reserved counts as used. */
export function foldUsed(state: ExecutionState, call: CallState): void {
  state.spent = addUsage(state.spent, release(state, call))
}

/** What a charge reserves of a budget. */
export function usageOf({ tokens = 0, costUsd = 0 }: Charge): Usage {
  return { tokens, costUsd }
}

function release(state: ExecutionState, call: CallState): Usage {
  if (call.charge === null) return noUsage
  const usage = usageOf(call.charge)
  state.reserved = addUsage(state.reserved, usage, -1)
  call.charge = null
  return isNoUsage(usage) ? noUsage : usage
}
