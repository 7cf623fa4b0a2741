import assert from 'node:assert/strict'
import type { BudgetChange } from '../budget-totals.ts'
import { type JournalCheck, nothing, rejects, reopened, row, startTwo } from './journal-samples.ts'

/** Totals of the budgets of agents and tenants. */
export const budgetChecks: Readonly<Record<string, JournalCheck>> = {
  async 'adds what changes a total, and gives back what was reserved'(journal) {
    assert.deepEqual(journal.budgets(), [])
    await journal.append({
      ...nothing,
      budgets: [spent('llm', { calls: 1, tokens: 10, costUsd: 0.3 }), spent('a', { calls: 1 })],
    })
    await journal.append({ ...nothing, budgets: [spent('llm', { tokens: -4, costUsd: -0.1 })] })
    const total = { scope: 'agent', fromMs: 0 }
    assert.deepEqual(journal.budgets(), [
      { ...total, name: 'a', calls: 1, tokens: 0, costUsd: 0 },
      { ...total, name: 'llm', calls: 1, tokens: 6, costUsd: 0.2 },
    ])
  },
  async 'tells an agent from a tenant of the same name'(journal) {
    const ofTenant = { ...spent('x', { tokens: 2 }), scope: 'tenant' } as const
    await journal.append({ ...nothing, budgets: [spent('x', { tokens: 1 }), ofTenant] })
    assert.deepEqual(
      journal.budgets().map(({ scope, tokens }) => [scope, tokens]),
      [
        ['agent', 1],
        ['tenant', 2],
      ],
    )
  },
  async 'begins a total anew with a later span, and leaves out what belongs to an earlier one'(
    journal,
  ) {
    const at = (fromMs: number, tokens: number): BudgetChange => ({
      ...spent('llm', { tokens }),
      fromMs,
    })
    await journal.append({ ...nothing, budgets: [at(100, 7), at(200, 3), at(100, 50)] })
    assert.deepEqual(journal.budgets(), [at(200, 3)])
  },
  async 'records nothing of it when the batch is refused'(journal) {
    const [a] = await startTwo(journal)
    await journal.append({ ...nothing, rows: [row(a, 1)] })
    await rejects('StateConsistencyError', journal, {
      ...nothing,
      rows: [row(a, 1)],
      budgets: [spent('llm', { tokens: 5 })],
    })
    assert.deepEqual(journal.budgets(), [])
  },
}

export const reopenedBudgetChecks: Readonly<Record<string, JournalCheck>> = {
  async 'keeps the totals of budgets'(journal, fixture) {
    await journal.append({
      ...nothing,
      budgets: [spent('llm', { calls: 2, costUsd: 0.000_000_001 })],
    })
    const again = await reopened(fixture)
    assert.deepEqual(again.budgets(), [spent('llm', { calls: 2, costUsd: 0.000_000_001 })])
  },
}

function spent(
  name: string,
  amount: Partial<Pick<BudgetChange, 'calls' | 'tokens' | 'costUsd'>>,
): BudgetChange {
  return { scope: 'agent', name, fromMs: 0, calls: 0, tokens: 0, costUsd: 0, ...amount }
}
