import type { ActionContract } from '../../core/contracts/call.ts'
import type { BudgetLeft, BudgetLimit } from '../../core/contracts/budget.ts'
import type { ErrorJson } from '../../core/errors.ts'
import { exactUsd, noUsage, type Usage } from '../../core/usage.ts'
import type { KernelEvent } from '../../workflow/index.ts'
import {
  type BudgetChange,
  budgetKey,
  type BudgetScope,
  type BudgetTotal,
} from '../journal/budget-totals.ts'
import type { Running } from '../running.ts'
import { type Account, SharedAccount } from './account.ts'
import { budgetExceeded, fitsBudget, leftWith } from './amount.ts'
import { limitOfTenant } from './budget-limits.ts'

export interface BudgetsOptions {
  /** What was spent so far, as the journal has it. */
  readonly totals: readonly BudgetTotal[]
  /** The budget of an agent, by its id; null for none. */
  readonly ofAgent: (agentId: string) => BudgetLimit | null
  /** Budgets of tenants by name; `*` for every tenant that is not named. */
  readonly tenants: { readonly [tenant: string]: BudgetLimit }
  /** What the budgets of an execution and of those above it leave, and the outermost. */
  readonly usageLeft: (running: Running) => { readonly left: Usage; readonly root: Running }
  readonly nowMs: () => number
}

/** What may be said to a call that is about to start. */
export type BudgetAnswer<Waiting> =
  | {
      readonly kind: 'granted'
      readonly accounts: readonly Account<Waiting>[]
      readonly isAccounted: boolean
    }
  /** Too little is left now, and calls under way may give something back. */
  | { readonly kind: 'wait'; readonly account: Account<Waiting> }
  | { readonly kind: 'exceeded'; readonly error: ErrorJson }

/**
 * The budgets that a call spends: of its execution and those above it, of its agent, of its tenant. A call
 * starts only when the most that it may use fits into what all of them have left; what running calls have
 * reserved is spent until it is known better. So no budget is exceeded by calls that keep to what their
 * action declares, however many run together; after one that does not, nothing more starts.
 */
export class Budgets<Waiting> {
  readonly #options: BudgetsOptions
  readonly #totals: Map<string, BudgetTotal>
  readonly #shared = new Map<string, SharedAccount<Waiting> | null>()
  /** By the id of the outermost execution. */
  readonly #trees = new Map<string, Account<Waiting>>()

  constructor(options: BudgetsOptions) {
    this.#options = options
    this.#totals = new Map(options.totals.map((total) => [budgetKey(total), total]))
  }

  /**
   * Asks for what a delivery may use. A granted one is to be reserved at once, by the event that records it,
   * and told with `ended`.
   *
   * @param calls what it counts as: 0 for one that was counted before
   */
  ask(
    running: Running,
    { agentId, most = noUsage }: ActionContract,
    calls: number,
  ): BudgetAnswer<Waiting> {
    const shared = this.#sharedOf(running, agentId)
    const tree = this.#treeOf(running)
    const accounts = tree === null ? shared : [tree, ...shared]
    const need = { calls, ...most }
    for (const account of accounts) {
      const left = account.left(running)
      if (fitsBudget(need, left)) continue
      // Calls are never given back.
      if (account.running > 0 && need.calls <= left.calls) return { kind: 'wait', account }
      return { kind: 'exceeded', error: budgetExceeded(account.label, need, left) }
    }
    for (const account of accounts) account.running++
    return { kind: 'granted', accounts, isAccounted: shared.length > 0 }
  }

  /** What is left to a delivery that was granted, its own reservation included. */
  left(
    running: Running,
    accounts: readonly Account<Waiting>[],
    { most = noUsage }: ActionContract,
  ): Omit<BudgetLeft, 'agentCallsLeft'> {
    if (accounts.length === 0) return unbounded
    const lefts = accounts.map((account) => account.left(running))
    return leftWith(most, {
      tokens: Math.min(...lefts.map((left) => left.tokens)),
      costUsd: Math.min(...lefts.map((left) => left.costUsd)),
    })
  }

  /** The delivery is over, or was not made. */
  ended(accounts: readonly Account<Waiting>[]): void {
    for (const account of accounts) account.running--
    if (this.#trees.size === 0) return
    for (const [root, tree] of this.#trees)
      if (accounts.includes(tree) && tree.running === 0 && tree.waiting.size === 0)
        this.#trees.delete(root)
  }

  /** An execution has decided something: what it changes in the totals is to be recorded with it. */
  note(running: Running, fromEvent: number, atMs: number): void {
    const { events } = running.made
    for (let place = fromEvent; place < events.length; place++) {
      const changes = this.changes(running, events[place] as KernelEvent, atMs)
      if (changes.length > 0) running.charges = [...running.charges, ...changes]
    }
  }

  /** What an event of an execution changes in the totals of agents and tenants: to be recorded with it. */
  changes(running: Running, event: KernelEvent, atMs: number): readonly BudgetChange[] {
    if (event.kind !== 'AttemptStarted' && event.kind !== 'UsageSettled') return none
    const { charge } = event
    if (charge === undefined) return none
    const shared = this.#sharedOf(running, charge.agent)
    if (shared.length === 0) return none
    const { calls = 0, tokens = 0, costUsd = 0 } = charge
    if (event.kind === 'AttemptStarted')
      return shared.map((account) => account.change({ calls, tokens, costUsd }, atMs))
    const settled = {
      calls: 0,
      tokens: event.tokens - tokens,
      costUsd: exactUsd(event.costUsd - costUsd),
    }
    const reservedAtMs = event.charge?.atMs ?? atMs
    return shared.map((account) => account.change(settled, reservedAtMs))
  }

  #treeOf(running: Running): Account<Waiting> | null {
    const { left, root } = this.#options.usageLeft(running)
    if (left.tokens === Infinity && left.costUsd === Infinity) return null
    const { executionId } = root.row
    const known = this.#trees.get(executionId)
    if (known !== undefined) return known
    const account: Account<Waiting> = {
      label: `execution '${executionId}'`,
      left: (asking) => ({ ...this.#options.usageLeft(asking).left, calls: Infinity }),
      running: 0,
      waiting: new Map(),
    }
    this.#trees.set(executionId, account)
    return account
  }

  #sharedOf(
    { state: { tenant, chain } }: Running,
    agentId: string,
  ): readonly SharedAccount<Waiting>[] {
    // What an agent uses in a call inside its own call is counted with the outer one.
    const agent = chain.includes(agentId) ? null : this.#account('agent', agentId)
    const ofTenant = tenant === null ? null : this.#account('tenant', tenant)
    if (agent === null) return ofTenant === null ? none : [ofTenant]
    return ofTenant === null ? [agent] : [agent, ofTenant]
  }

  #account(scope: BudgetScope, name: string): SharedAccount<Waiting> | null {
    const key = budgetKey({ scope, name })
    const known = this.#shared.get(key)
    if (known !== undefined) return known
    const { tenants, ofAgent, nowMs } = this.#options
    const limit = scope === 'agent' ? ofAgent(name) : limitOfTenant(tenants, name)
    const total = this.#totals.get(key)
    const account =
      limit === null ? null : new SharedAccount<Waiting>({ scope, name, limit, total, nowMs })
    this.#shared.set(key, account)
    return account
  }
}

const none = [] as const
const unbounded = { tokensLeft: null, costUsdLeft: null } as const
