import type { StatementSync } from 'node:sqlite'
import { exactUsd } from '../../core/usage.ts'
import { budgetChecksum, type Database } from '../../storage/index.ts'
import { damaged } from './damage.ts'

/** Whose budget: an agent's, by its id, or a tenant's. */
export type BudgetScope = 'agent' | 'tenant'

/** What was spent of one budget in one span of time, what calls have reserved included. */
export interface BudgetTotal {
  readonly scope: BudgetScope
  readonly name: string
  /** When the span began, since the epoch; 0 for one that never begins anew. */
  readonly fromMs: number
  readonly calls: number
  readonly tokens: number
  readonly costUsd: number
}

/** What is added to a total; the numbers of what is given back are negative. */
export type BudgetChange = BudgetTotal

/** The total after a change: a later span begins anew, and what belongs to an earlier one is over. */
export function changedTotal(total: BudgetTotal | undefined, change: BudgetChange): BudgetTotal {
  if (total === undefined || change.fromMs > total.fromMs) return change
  if (change.fromMs < total.fromMs) return total
  return {
    ...total,
    calls: total.calls + change.calls,
    tokens: total.tokens + change.tokens,
    costUsd: exactUsd(total.costUsd + change.costUsd),
  }
}

/** Names a budget among all. */
export function budgetKey({ scope, name }: Pick<BudgetTotal, 'scope' | 'name'>): string {
  return `${scope}:${name}`
}

const billion = 1_000_000_000

/** The totals in a file: one row for each budget. */
export class BudgetTotals {
  readonly #all: StatementSync
  readonly #find: StatementSync
  readonly #save: StatementSync

  constructor(database: Database) {
    const select = `SELECT scope, name, from_ms AS fromMs, calls, tokens,
      cost_nano_usd AS costNanoUsd, checksum FROM budgets WHERE namespace = 0`
    this.#all = database.prepare(`${select} ORDER BY scope, name`)
    this.#find = database.prepare(`${select} AND scope = ? AND name = ?`)
    this.#save = database.prepare(`
      INSERT INTO budgets (namespace, scope, name, from_ms, calls, tokens, cost_nano_usd, checksum)
      VALUES (0, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (namespace, scope, name) DO UPDATE SET from_ms = excluded.from_ms,
        calls = excluded.calls, tokens = excluded.tokens, cost_nano_usd = excluded.cost_nano_usd,
        checksum = excluded.checksum`)
  }

  /** @throws StateConsistencyError for a row that was altered */
  all(): readonly BudgetTotal[] {
    return this.#all.all().map(decoded)
  }

  change(change: BudgetChange): void {
    const { scope, name } = change
    const found = this.#find.get(scope, name)
    const total = changedTotal(found === undefined ? undefined : decoded(found), change)
    const { fromMs, calls, tokens, costUsd } = total
    const stored = {
      scope,
      name,
      fromMs,
      calls,
      tokens,
      costNanoUsd: Math.round(costUsd * billion),
    }
    const checksum = budgetChecksum(stored)
    this.#save.run(scope, name, fromMs, calls, tokens, stored.costNanoUsd, checksum)
  }
}

interface StoredTotal extends Omit<BudgetTotal, 'costUsd'> {
  readonly costNanoUsd: number
  readonly checksum: number
}

function decoded(row: unknown): BudgetTotal {
  const { checksum, costNanoUsd, ...rest } = row as StoredTotal
  const what = `the budget of ${rest.scope} '${rest.name}'`
  if (checksum !== budgetChecksum({ ...rest, costNanoUsd }))
    throw damaged(what, { name: rest.name })
  return { ...rest, costUsd: costNanoUsd / billion }
}
