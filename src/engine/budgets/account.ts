import type { BudgetLimit } from '../../core/contracts/budget.ts'
import { exactUsd } from '../../core/usage.ts'
import {
  type BudgetChange,
  type BudgetScope,
  type BudgetTotal,
  changedTotal,
} from '../journal/budget-totals.ts'
import type { Running } from '../running.ts'
import type { Amount } from './amount.ts'
import { spanStart } from './budget-span.ts'

/** One budget: what it has left, and who waits for it. */
export interface Account<Waiting> {
  /** As messages name it: `execution 'x'`, `agent 'llm'`. */
  readonly label: string
  /** What it leaves to an execution. */
  left(running: Running): Amount
  /** Deliveries under way that may give something back. */
  running: number
  /** Who waits until one of them has ended, by what names it. */
  readonly waiting: Map<object, Waiting>
}

/** The budget of an agent or a tenant: its total is kept by the journal, and here as what it will be. */
export class SharedAccount<Waiting> implements Account<Waiting> {
  readonly label: string
  running = 0
  readonly waiting = new Map<object, Waiting>()
  readonly #scope: BudgetScope
  readonly #name: string
  readonly #limit: BudgetLimit
  readonly #nowMs: () => number
  #total: BudgetTotal | undefined

  constructor(of: {
    readonly scope: BudgetScope
    readonly name: string
    readonly limit: BudgetLimit
    readonly total: BudgetTotal | undefined
    readonly nowMs: () => number
  }) {
    this.#scope = of.scope
    this.#name = of.name
    this.#limit = of.limit
    this.#total = of.total
    this.#nowMs = of.nowMs
    this.label = `${of.scope} '${of.name}'`
  }

  left(): Amount {
    const { calls, tokens, costUsd } = this.#limit
    const isOfNow = this.#total !== undefined && this.#total.fromMs >= this.#fromMs(this.#nowMs())
    const spent = isOfNow ? this.#total : undefined
    return {
      calls: (calls ?? Infinity) - (spent?.calls ?? 0),
      tokens: (tokens ?? Infinity) - (spent?.tokens ?? 0),
      costUsd: exactUsd((costUsd ?? Infinity) - (spent?.costUsd ?? 0)),
    }
  }

  /** Takes in what was reserved or given back at a moment; the change is to be recorded. */
  change({ calls, tokens, costUsd }: Amount, atMs: number): BudgetChange {
    // A clock that was set back does not open an earlier span again.
    const fromMs = this.#fromMs(atMs)
    const change = { scope: this.#scope, name: this.#name, fromMs, calls, tokens, costUsd }
    this.#total = changedTotal(this.#total, change)
    return change
  }

  #fromMs(atMs: number): number {
    return spanStart(this.#limit.per, atMs)
  }
}
