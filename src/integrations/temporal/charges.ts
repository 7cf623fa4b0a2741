import type { Clock } from '../../core/clock.ts'
import type { BudgetLimit } from '../../core/contracts/budget.ts'
import {
  type AgentDirectory,
  type BudgetLimits,
  budgetLimitsOf,
  limitOfTenant,
  spanStart,
} from '../../engine/index.ts'
import { budgetExceeded } from '../../engine/hosted.ts'
import type { BudgetAccount, BudgetAmount, BudgetGrant, BudgetStore } from '../../state/index.ts'
import type { Activities, ChargeAnswer, ChargeAsked } from './wire.ts'

/** Budgets that all workers of an installation spend from. */
export interface SharedBudgets {
  /** The same for all of them, such as a `RedisBudgetStore`. */
  readonly store: BudgetStore
  /** Budgets of tenants by name, `*` for every tenant that is not named; all workers need the same. Default: none. */
  readonly tenants?: { readonly [tenant: string]: Partial<BudgetLimit> }
}

export interface ChargesParts {
  readonly agents: AgentDirectory
  /** Null: nobody has a budget. */
  readonly budgets: SharedBudgets | null
  readonly clock: Clock
}

interface SpentAccount extends BudgetAccount {
  /** As messages name it. */
  readonly label: string
}

type Exceeded = BudgetGrant & { readonly kind: 'exceeded' }

const unbounded = { calls: Infinity, tokens: Infinity, costUsd: Infinity }

/** What calls of a worker spend of the budgets of agents and tenants. */
export class Charges {
  readonly #parts: ChargesParts
  readonly #tenants: BudgetLimits

  /** @throws UsageError for a budget of a tenant that is none */
  constructor(parts: ChargesParts) {
    this.#parts = parts
    this.#tenants = budgetLimitsOf(parts.budgets?.tenants ?? {})
  }

  /** Whether a call of the agent spends a budget. */
  isAccounted(agentId: string, tenant: string | null): boolean {
    return this.#limitsOf({ agentId, tenant, chain: [] }).length > 0
  }

  get activities(): Pick<Activities, 'charge' | 'settle'> {
    return {
      charge: (asked) => this.#charge(asked),
      settle: async (chargeId, used) => this.#parts.budgets?.store.settle(chargeId, used),
    }
  }

  async #charge(asked: ChargeAsked): Promise<ChargeAnswer> {
    const { budgets, clock } = this.#parts
    if (budgets === null) return { kind: 'granted', tokensLeft: null, costUsdLeft: null }
    const nowMs = clock.nowMs()
    const accounts = this.#limitsOf(asked).map(([name, limit]): SpentAccount => {
      const [scope, ...rest] = name.split(':')
      const label = `${scope} '${rest.join(':')}'`
      return { name, label, limit, fromMs: spanStart(limit.per, nowMs) }
    })
    const { store } = budgets
    const grant = await store.reserve(asked.chargeId, accounts, asked.most)
    if (grant.kind === 'exceeded') return refusal(grant, accounts, asked.most)
    const lefts = await Promise.all(
      accounts.map(async (account) => leftOf(account, await store.spent(account), asked.most)),
    )
    return {
      kind: 'granted',
      tokensLeft: least(lefts.map(({ tokens }) => tokens)),
      costUsdLeft: least(lefts.map(({ costUsd }) => costUsd)),
    }
  }

  /** What an agent uses in a call inside its own call is counted with the outer one. */
  #limitsOf({
    agentId,
    tenant,
    chain,
  }: Pick<ChargeAsked, 'agentId' | 'tenant' | 'chain'>): readonly (readonly [
    string,
    BudgetLimit,
  ])[] {
    if (this.#parts.budgets === null) return []
    const ofAgent = chain.includes(agentId)
      ? null
      : (this.#parts.agents.resolve(agentId)?.budget ?? null)
    const ofTenant = tenant === null ? null : limitOfTenant(this.#tenants, tenant)
    return [
      ...(ofAgent === null ? [] : [[`agent:${agentId}`, ofAgent] as const]),
      ...(ofTenant === null ? [] : [[`tenant:${tenant}`, ofTenant] as const]),
    ]
  }
}

function refusal(
  { account, of, left, mayFitLater }: Exceeded,
  accounts: readonly SpentAccount[],
  most: BudgetAmount,
): ChargeAnswer {
  if (mayFitLater) return { kind: 'waits' }
  const { label = account } = accounts.find(({ name }) => name === account) ?? {}
  return { kind: 'exceeded', error: budgetExceeded(label, most, { ...unbounded, [of]: left }) }
}

/** What is left to the call, its own reservation included. */
function leftOf(
  { limit }: BudgetAccount,
  spent: BudgetAmount,
  most: BudgetAmount,
): { readonly tokens: number; readonly costUsd: number } {
  return {
    tokens: (limit.tokens ?? Infinity) - spent.tokens + most.tokens,
    costUsd: (limit.costUsd ?? Infinity) - spent.costUsd + most.costUsd,
  }
}

/** JSON has no infinity: null for any amount. */
function least(lefts: readonly number[]): number | null {
  const left = Math.min(...lefts)
  return left === Infinity ? null : Math.max(0, left)
}
