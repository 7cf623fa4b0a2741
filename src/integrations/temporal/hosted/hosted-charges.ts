import { proxyLocalActivities, uuid4 } from '@temporalio/workflow'
import type { ActionContract, CallOutcome } from '../../../core/contracts/call.ts'
import { maxUsage, noUsage, type Usage } from '../../../core/usage.ts'
import { type CallRef, type ExecutionState, findCall } from '../../../workflow/index.ts'
import type { Activities, ChargeAnswer } from '../wire.ts'

type Charged = ChargeAnswer & { readonly kind: 'granted' }

interface Charge extends Charged {
  readonly id: string
  /** What it counts as: 0 for a call that was counted before. */
  readonly calls: number
  readonly most: Usage
}

/** How long a worker may take to reach the store of budgets before it is asked again. */
const storeTimeoutMs = 10_000

/**
 * What the calls of an execution have reserved of the budgets of their agents and their tenant, which all workers
 * share. Each charge is settled, also when its call was lost: then at the most that it may have used.
 */
export class HostedCharges {
  readonly #state: ExecutionState
  readonly #of = new Map<CallRef, Charge>()
  readonly #here = proxyLocalActivities<Activities>({ startToCloseTimeout: storeTimeoutMs })
  #pending = 0

  constructor(state: ExecutionState) {
    this.#state = state
  }

  /** Charges and settlements under way. */
  get inFlight(): number {
    return this.#pending
  }

  /** What a call has reserved; null for none. */
  of(call: CallRef): Charged | null {
    return this.#of.get(call) ?? null
  }

  /** Reserves the most that a call may use; a granted one is to be settled. */
  async charge(call: CallRef, { agentId, most = noUsage }: ActionContract): Promise<ChargeAnswer> {
    const { tenant, chain } = this.#state
    const calls = findCall(this.#state, call)?.redeliver === true ? 0 : 1
    const id = uuid4()
    const answer = await this.#counted(() =>
      this.#here.charge({ chargeId: id, agentId, tenant, chain, most: { calls, ...most } }),
    )
    if (answer.kind === 'granted') this.#of.set(call, { ...answer, id, calls, most })
    return answer
  }

  /** The call is over. @param outcome null for one that was lost */
  settle(call: CallRef, outcome: CallOutcome | null): void {
    const charge = this.#of.get(call)
    if (charge === undefined) return
    const { usage = noUsage } = outcome ?? {}
    const isOpen = outcome === null || outcome.isUsageOpen === true
    const used = isOpen ? maxUsage(usage, charge.most) : usage
    this.#settle(call, charge, { calls: charge.calls, ...used })
  }

  /** The call was not made. */
  giveBack(call: CallRef): void {
    const charge = this.#of.get(call)
    if (charge !== undefined) this.#settle(call, charge, { calls: 0, ...noUsage })
  }

  #settle(call: CallRef, { id }: Charge, used: Usage & { readonly calls: number }): void {
    this.#of.delete(call)
    void this.#counted(() => this.#here.settle(id, used))
  }

  async #counted<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    this.#pending++
    try {
      return await work()
    } finally {
      this.#pending--
    }
  }
}
