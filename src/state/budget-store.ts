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

/** An amount of calls and of what they use. */
export interface BudgetAmount extends Usage {
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
      /** Whether charges are reserved that may give enough back; calls are never given back. */
      readonly mayFitLater: boolean
    }

/**
 * Budgets that are never exceeded by what runs at the same time, on however many machines: each call reserves the
 * most that it may use, and gives back what it did not.
 *
 * @throws each method: StorageError (retryable) when the store is out of reach: repeat it with the same charge id
 */
export interface BudgetStore {
  /**
   * Takes the most that a call may use from all accounts, or from none. A repeat of a charge id changes nothing and
   * is granted.
   *
   * @param most `calls` is 0 for a call that was counted before
   */
  reserve(
    chargeId: string,
    accounts: readonly BudgetAccount[],
    most: BudgetAmount,
  ): Promise<BudgetGrant>
  /**
   * Replaces what a charge has reserved by what was used. What belongs to a span that is over is forgotten. A repeat
   * changes nothing.
   *
   * @param used `calls` is 0 for a call that was not made after all
   * @throws NotFoundError for a charge that was never granted
   */
  settle(chargeId: string, used: BudgetAmount): Promise<void>
  /** What was spent since `fromMs`, what is reserved included. */
  spent(account: Pick<BudgetAccount, 'name' | 'fromMs'>): Promise<BudgetAmount>
}
