import { proxyLocalActivities, uuid4 } from '@temporalio/workflow'
import type { ActionContract, CallOutcome } from '../../../core/contracts/call.ts'
import { maxUsage, noUsage, type Usage } from '../../../core/usage.ts'
import { type CallRef, type ExecutionState, findCall } from '../../../workflow/index.ts'
import type { Activities, ChargeAnswer } from '../wire.ts'

type Charged = ChargeAnswer & { readonly kind: 'granted' }

/** What a call has reserved. */
export interface Charge extends Charged {
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
  /** Of calls that have not started. */
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

  /** Whether a call that has not started has reserved something. */
  has(call: CallRef): boolean {
    return this.#of.has(call)
  }

  /** The call starts: what it has reserved is to be settled with it; null for nothing. */
  taken(call: CallRef): Charge | null {
    const charge = this.#of.get(call) ?? null
    this.#of.delete(call)
    return charge
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

  /** A call that had started is over. @param outcome null for one that was lost */
  settle({ id, calls, most }: Charge, outcome: CallOutcome | null): void {
    const { usage = noUsage } = outcome ?? {}
    const isOpen = outcome === null || outcome.isUsageOpen === true
    const used = isOpen ? maxUsage(usage, most) : usage
    void this.#counted(() => this.#here.settle(id, { calls, ...used }))
  }

  /** The call does not start. */
  giveBack(call: CallRef): void {
    const charge = this.taken(call)
    if (charge === null) return
    void this.#counted(() => this.#here.settle(charge.id, { calls: 0, ...noUsage }))
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
