import type { BudgetLeft, CallBudget } from '../core/contracts/budget.ts'
import { OrchestrationError } from '../core/errors.ts'
import { addUsage, exactUsd, noUsage, type Usage } from '../core/usage.ts'

/** The budget as one call sees it, and what that call has reported. */
export class UsageMeter implements CallBudget {
  #used: Usage = noUsage
  readonly #left: BudgetLeft
  readonly #isOver: () => boolean

  /**
   * @param left when the call began
   * @param isOver the call has ended: what is reported now is dropped
   */
  constructor(left: BudgetLeft, isOver: () => boolean) {
    this.#left = left
    this.#isOver = isOver
  }

  get used(): Usage {
    return this.#used
  }

  get agentCallsLeft(): number | null {
    return this.#left.agentCallsLeft
  }

  get tokensLeft(): number | null {
    const { tokensLeft } = this.#left
    return tokensLeft === null ? null : tokensLeft - this.#used.tokens
  }

  get costUsdLeft(): number | null {
    const { costUsdLeft } = this.#left
    return costUsdLeft === null ? null : exactUsd(costUsdLeft - this.#used.costUsd)
  }

  /** @throws InputError */
  readonly report = ({ tokens = 0, costUsd = 0 }: Partial<Usage>): void => {
    if (!Number.isSafeInteger(tokens) || tokens < 0) refuse('tokens', tokens, 'a whole number')
    if (!Number.isFinite(costUsd) || costUsd < 0) refuse('costUsd', costUsd, 'a number')
    if (!this.#isOver()) this.#used = addUsage(this.#used, { tokens, costUsd: exactUsd(costUsd) })
  }
}

function refuse(field: string, value: unknown, expected: string): never {
  throw new OrchestrationError(
    'InputError',
    `ctx.budget.report: ${field} must be ${expected} of 0 or more, not ${String(value)}`,
  )
}
