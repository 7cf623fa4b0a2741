import type { BudgetLeft } from '../../core/contracts/budget.ts'
import { type ErrorJson, OrchestrationError } from '../../core/errors.ts'
import { addUsage, type Usage } from '../../core/usage.ts'

/** What a delivery needs of a budget, or a budget has left; infinity for any number. */
export interface Amount extends Usage {
  readonly calls: number
}

/** Whether what a delivery may use is left. */
export function fitsBudget(need: Amount, left: Amount): boolean {
  return need.calls <= left.calls && need.tokens <= left.tokens && need.costUsd <= left.costUsd
}

/** What a call is told is left, which has reserved its most out of it; null for any amount. */
export function leftWith(most: Usage, left: Usage): Omit<BudgetLeft, 'agentCallsLeft'> {
  const { tokens, costUsd } = addUsage(left, most)
  return {
    tokensLeft: tokens === Infinity ? null : Math.max(0, tokens),
    costUsdLeft: costUsd === Infinity ? null : Math.max(0, costUsd),
  }
}

/** Says what is too little; no retry helps. */
export function budgetExceeded(label: string, need: Amount, left: Amount): ErrorJson {
  const [what, wanted, has] =
    need.calls > left.calls
      ? (['calls', need.calls, left.calls] as const)
      : need.tokens > left.tokens
        ? (['tokens', need.tokens, left.tokens] as const)
        : (['costUsd', need.costUsd, left.costUsd] as const)
  const how =
    has < 0
      ? `was exceeded by ${-has} ${what}: nothing more starts`
      : `has ${has} ${what} left and the call may use ${wanted}`
  return new OrchestrationError(
    'BudgetExceededError',
    `the budget of ${label} ${how} (budget.${what})`,
    {
      hint: 'raise the budget, or declare less as the most that the action uses',
      details: { budget: label, of: what, left: has, needed: wanted },
    },
  ).toJSON()
}
