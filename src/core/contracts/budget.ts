import type { Usage } from '../usage.ts'

/** What may be spent in a span of time. */
export interface BudgetLimit {
  /** Attempts of calls; null for any number. */
  readonly calls: number | null
  readonly tokens: number | null
  readonly costUsd: number | null
  /** Calendar spans in UTC; `total` never begins anew. */
  readonly per: 'hour' | 'day' | 'month' | 'total'
}

/** What of budgets is left to a call, all of them considered; null is unlimited. */
export interface BudgetLeft {
  readonly agentCallsLeft: number | null
  /** What is reserved for this call is included, what it has reported is taken off. */
  readonly tokensLeft: number | null
  readonly costUsdLeft: number | null
}

/** The budget as a call sees it. */
export interface CallBudget extends BudgetLeft {
  /**
   * Says that the call has used so much more. It counts whatever comes of the call. More than the action
   * declares is recorded all the same, and nothing else is called that a budget does not cover any more.
   *
   * @throws InputError when a number is negative or not finite, or tokens are not whole
   */
  report(usage: Partial<Usage>): void
}
