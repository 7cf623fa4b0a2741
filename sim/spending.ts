/** A budget as the world outside keeps its account: every delivery costs what it used, whoever hears of it. */
export interface SpendingAccount {
  readonly key: string
  readonly tokensMax: number
}

/** The most that a delivery of `model` declares. */
export const modelTokensMax = 10
/** What one answer of the language model uses, and the most that asking it declares: an answer and its repair. */
export const llmTokens = 15
export const llmTokensMax = 2 * llmTokens
/** The most that a conversation declares: two answers, each with all its attempts. */
export const clerkTokensMax = 2 * 3 * llmTokensMax
/** What all executions of a seed may spend with the language model. */
export const llmBudget = 260
/** What all executions of a seed may spend with the agent `model`, and those of one tenant together. */
export const modelBudget = 160
export const tenants = { acme: 90 } as const

/** What a delivery has used, and the most that it may by its action. */
export interface Use {
  readonly tokens: number
  readonly tokensMax: number
}

/** What was really spent: told by the agents as they spend it, and never forgotten. */
export class Spending {
  readonly #totals = new Map<string, { used: number; excess: number }>()
  readonly #fail: (property: string) => void
  /** A power cut took the record of a call that was made: no promise was made for that. */
  isExempt = false

  constructor(fail: (property: string) => void) {
    this.#fail = fail
  }

  /** A call that keeps to what its action declares never exceeds a budget; nothing starts after one that did. */
  spend(accounts: readonly SpendingAccount[], { tokens, tokensMax: most }: Use): void {
    for (const { key, tokensMax } of accounts) {
      const total = this.#totals.get(key) ?? { used: 0, excess: 0 }
      total.used += tokens
      total.excess += Math.max(0, tokens - most)
      this.#totals.set(key, total)
      const isExceeded = tokens > 0 && total.used > tokensMax + total.excess
      if (isExceeded && !this.isExempt) this.#fail(`budgetHolds (${key})`)
    }
  }
}
