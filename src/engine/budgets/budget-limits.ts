import { readBudgetLimit } from '../../agents/index.ts'
import type { BudgetLimit } from '../../core/contracts/budget.ts'
import { own } from '../../core/own.ts'

/** Budgets of tenants by name; `*` for every tenant that is not named. */
export interface BudgetLimits {
  readonly [tenant: string]: BudgetLimit
}

/** Completes budgets of tenants as they are set. @throws UsageError for one that is none */
export function budgetLimitsOf(given: {
  readonly [tenant: string]: Partial<BudgetLimit>
}): BudgetLimits {
  const limits = Object.entries(given).map(([tenant, limit]) => [
    tenant,
    readBudgetLimit(limit, `budget of tenant '${tenant}'`),
  ])
  return Object.fromEntries(limits) as BudgetLimits
}

/** What a tenant may spend; null for whatever it likes. */
export function limitOfTenant(limits: BudgetLimits, tenant: string): BudgetLimit | null {
  return own(limits, tenant) ?? own(limits, '*') ?? null
}
