import { OrchestrationError } from '../core/errors.ts'
import { exactUsd } from '../core/usage.ts'
import type { BudgetAccount, BudgetAmount, BudgetGrant, BudgetStore } from './budget-store.ts'
import { checkCount, checkName } from './checked-write.ts'

interface Total extends BudgetAmount {
  readonly fromMs: number
  /** Charges that are reserved. */
  readonly open: number
}

interface Charge {
  readonly accounts: readonly BudgetAccount[]
  /** What is reserved; null once it is settled. */
  reserved: BudgetAmount | null
}

const nothing = { calls: 0, tokens: 0, costUsd: 0, open: 0 }

/** Budgets inside one process, for tests. */
export class MemoryBudgetStore implements BudgetStore {
  readonly #totals = new Map<string, Total>()
  readonly #charges = new Map<string, Charge>()

  async reserve(
    chargeId: string,
    accounts: readonly BudgetAccount[],
    most: BudgetAmount,
  ): Promise<BudgetGrant> {
    checkCharge(chargeId, accounts, most)
    if (this.#charges.has(chargeId)) return { kind: 'granted' }
    for (const account of accounts) {
      const spent = this.#spent(account)
      for (const what of ['calls', 'tokens', 'costUsd'] as const) {
        const left = exactUsd((account.limit[what] ?? Infinity) - spent[what])
        if (most[what] <= left) continue
        const mayFitLater = what !== 'calls' && spent.open > 0
        return { kind: 'exceeded', account: account.name, of: what, left, mayFitLater }
      }
    }
    for (const account of accounts) this.#add(account, { ...most, open: 1 })
    this.#charges.set(chargeId, { accounts, reserved: most })
    return { kind: 'granted' }
  }

  async settle(chargeId: string, used: BudgetAmount): Promise<void> {
    checkCharge(chargeId, [], used)
    const charge = this.#charges.get(chargeId)
    if (charge === undefined) throw unknownCharge(chargeId)
    if (charge.reserved === null) return
    const { calls, tokens, costUsd } = charge.reserved
    const change = {
      calls: used.calls - calls,
      tokens: used.tokens - tokens,
      costUsd: used.costUsd - costUsd,
      open: -1,
    }
    for (const account of charge.accounts)
      if ((this.#totals.get(account.name)?.fromMs ?? 0) === account.fromMs)
        this.#add(account, change)
    charge.reserved = null
  }

  async spent(account: Pick<BudgetAccount, 'name' | 'fromMs'>): Promise<BudgetAmount> {
    const { calls, tokens, costUsd } = this.#spent(account)
    return { calls, tokens, costUsd }
  }

  /** A clock that was set back does not open an earlier span again. */
  #spent({ name, fromMs }: Pick<BudgetAccount, 'name' | 'fromMs'>): Total {
    const total = this.#totals.get(name)
    return total !== undefined && total.fromMs >= fromMs ? total : { ...nothing, fromMs }
  }

  #add(account: BudgetAccount, { calls, tokens, costUsd, open }: Omit<Total, 'fromMs'>): void {
    const total = this.#spent(account)
    this.#totals.set(account.name, {
      fromMs: total.fromMs,
      calls: total.calls + calls,
      tokens: total.tokens + tokens,
      costUsd: exactUsd(total.costUsd + costUsd),
      open: total.open + open,
    })
  }
}

/** Checks what reaches a store of budgets, whichever it is. @throws InputError */
export function checkCharge(
  chargeId: string,
  accounts: readonly BudgetAccount[],
  { calls, tokens, costUsd }: BudgetAmount,
): void {
  checkName('charge', chargeId)
  for (const { name, fromMs } of accounts) {
    checkName('budget', name)
    checkCount('fromMs', fromMs, 0)
  }
  checkCount('calls', calls, 0)
  checkCount('tokens', tokens, 0)
  if (costUsd >= 0 && costUsd <= 1_000_000) return
  throw new OrchestrationError('InputError', `costUsd must be 0 to 1,000,000, not ${costUsd}`)
}

/** A settlement of what was never granted. */
export function unknownCharge(chargeId: string): OrchestrationError {
  return new OrchestrationError('NotFoundError', `no charge '${chargeId}' was granted`, {
    hint: 'reserve before the call; a charge is remembered for a day after it was settled',
  })
}
