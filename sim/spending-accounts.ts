import { isLone } from './lone-steering.ts'
import type { Records } from './records.ts'
import { llmBudget, modelBudget, type SpendingAccount, tenants } from './spending.ts'

/** The budgets that a call of the execution spends. */
export function accountsOf(
  records: Records,
  executionId: string,
  agent: string,
): readonly SpendingAccount[] {
  const family = records.upwards(executionId)
  const root = family.at(-1)
  if (root === undefined || family.some(({ isExempt }) => isExempt)) return []
  // Who is redriven alone, past those above or when they have ended, spends its own.
  const last = family.findIndex(
    ({ model }, place) => family[place + 1]?.isOpen !== true || model.events.some(isLone),
  )
  const inForce = family.slice(0, last + 1)
  const accounts = inForce.map(({ row, plan }) => ({
    key: row.executionId,
    tokensMax: plan.usageMax.tokens,
  }))
  if (agent === 'model') accounts.push({ key: 'agent model', tokensMax: modelBudget })
  if (agent === 'llm') accounts.push({ key: 'agent llm', tokensMax: llmBudget })
  const { tenant } = root.row.metadata
  if (tenant === 'acme') accounts.push({ key: 'tenant acme', tokensMax: tenants.acme })
  return accounts
}
