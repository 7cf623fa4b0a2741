import type { ActionContract, CallOutcome } from '../../core/contracts/call.ts'
import { isNoUsage, isOver, maxUsage, noUsage, type Usage } from '../../core/usage.ts'
import type { Charge } from './events.ts'
import { usageOf } from './fold-usage.ts'
import { isCounted } from './permission.ts'
import type { CallState } from './state.ts'
import { eventRef, record, type Turn } from './turn.ts'

/**
 * What a delivery reserves: the most that its action declares. Undoing is outside every budget.
 *
 * @param isAccounted the agent or the tenant has a budget, so the call is counted there
 */
export function chargeOf(
  call: CallState,
  { agentId, most = noUsage }: ActionContract,
  isAccounted: boolean,
): Charge | undefined {
  if (call.ref.undo !== null || (!isAccounted && isNoUsage(most))) return undefined
  return {
    agent: agentId,
    ...(isAccounted && isCounted(call) ? { calls: 1 } : {}),
    ...(most.tokens === 0 ? {} : { tokens: most.tokens }),
    ...(most.costUsd === 0 ? {} : { costUsd: most.costUsd }),
  }
}

/**
 * A delivery has ended. What it reported counts; where it ended without an answer, at least all that it had
 * reserved. While its outcome is unknown the reservation stays.
 */
export function settleUsage(
  turn: Turn,
  call: CallState,
  { kind, usage = noUsage, isUsageOpen }: CallOutcome,
): void {
  const reserved = call.charge === null ? noUsage : usageOf(call.charge)
  const isMore = isOver(usage, reserved)
  if (isUsageOpen === true && kind === 'unknown' && !isMore) return
  settle(turn, call, isUsageOpen === true ? maxUsage(usage, reserved) : usage)
}

function settle(turn: Turn, call: CallState, { tokens, costUsd }: Usage): void {
  const { charge } = call
  if (charge === null && tokens === 0 && costUsd === 0) return
  const settled = { kind: 'UsageSettled', ...eventRef(call.ref), tokens, costUsd } as const
  record(turn, charge === null ? settled : { ...settled, charge })
}
