import { proxyLocalActivities } from '@temporalio/workflow'
import type { PolicyLoad } from '../../../core/contracts/policy.ts'
import { type TdaContext, unavailableTda } from '../../../core/contracts/tda.ts'
import { Policy } from '../../../semantic/policy/policy.ts'
import type { ExecutionState, PolicyAdviser, Stimulus } from '../../../workflow/index.ts'
import type { Activities, ExecutionStart } from '../wire.ts'

/** How long a worker may take to say what the TDA feed says. */
const answerTimeoutMs = 5_000
/** What other executions do is not known inside of one. */
const unknownLoad: PolicyLoad = { activeExecutions: 0, openExecutions: 0, agents: {} }

/** What an execution is planned by beside its document: the TDA context and the policy that it was started with. */
export class HostedContext {
  readonly policies: PolicyAdviser | null
  readonly #isRead: boolean
  readonly #isUndoing: boolean
  readonly #worker: Pick<Activities, 'getTdaContext'>
  #tda: TdaContext = unavailableTda

  constructor({ readsTda, policy, document }: ExecutionStart, { tda }: ExecutionState) {
    this.#isRead = readsTda
    // A run that goes on begins with what the one before it knew.
    if (tda !== null) this.#tda = tda as unknown as TdaContext
    this.#isUndoing = document.onFailure === 'compensate'
    this.#worker = proxyLocalActivities<Activities>({ startToCloseTimeout: answerTimeoutMs })
    this.policies = policy === null ? null : adviserOf(new Policy(policy))
  }

  /** As it was read last. */
  get tda(): TdaContext {
    return this.#tda
  }

  /** Whether the context is to be read anew before the kernel hears this: it plans, or may begin to undo. */
  isReadBefore(stimulus: Stimulus): boolean {
    if (!this.#isRead) return false
    switch (stimulus.kind) {
      case 'start':
        return true
      case 'ended':
        return this.#isUndoing && stimulus.outcome.kind === 'failed'
      case 'timer':
        return this.#isUndoing && stimulus.timer.call === null
      default:
        return this.#isUndoing && stimulus.kind === 'lost'
    }
  }

  /** Never rejects: without an answer nothing is known. */
  async read(): Promise<void> {
    try {
      this.#tda = await this.#worker.getTdaContext()
    } catch {
      this.#tda = unavailableTda
    }
  }
}

function adviserOf(policy: Policy): PolicyAdviser {
  return { decide: (question) => policy.decide({ ...question, load: unknownLoad }) }
}
