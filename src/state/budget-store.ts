import type { BudgetLimit } from '../core/contracts/budget.ts'
import type { Usage } from '../core/usage.ts'

/** A budget that several processes spend from. */
export interface BudgetAccount {
  /** Names it among all, e.g. `agent:llm` or `tenant:acme`. */
  readonly name: string
  readonly limit: Omit<BudgetLimit, 'per'>
  /** When the present span of time began, since the epoch; 0 for one that never begins anew. */
  readonly fromMs: number
}

/** What was spent of a budget in a span, what is reserved included. */
export interface BudgetSpent extends Usage {
  readonly calls: number
}

export type BudgetGrant =
  | { readonly kind: 'granted' }
  | {
      readonly kind: 'exceeded'
      readonly account: string
      readonly of: 'calls' | 'tokens' | 'costUsd'
      /** May be negative: calls may use more than they declare. */
      readonly left: number
    }

/**
 * Budgets that are never exceeded by what runs at the same time, on however many machines: each call reserves the
 * most that it may use, and gives back what it did not.
 *
 * @throws each method: StorageError (retryable) when the store is out of reach: repeat it with the same charge id
 */
export interface BudgetStore {
  /**
   * Takes one call and the most that it may use from all accounts, or from none. A repeat of a charge id changes
   * nothing and is granted.
   */
  reserve(chargeId: string, accounts: readonly BudgetAccount[], most: Usage): Promise<BudgetGrant>
  /**
   * Replaces what a charge has reserved by what was used; the call stays counted. What belongs to a span that is over
   * is forgotten. A repeat changes nothing. @throws NotFoundError for a charge that was never granted
   */
  settle(chargeId: string, used: Usage): Promise<void>
  /** What was spent since `fromMs`. */
  spent(account: Pick<BudgetAccount, 'name' | 'fromMs'>): Promise<BudgetSpent>
}
