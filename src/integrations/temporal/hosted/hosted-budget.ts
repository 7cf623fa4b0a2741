import type { BudgetLeft } from '../../../core/contracts/budget.ts'
import type { ActionContract } from '../../../core/contracts/call.ts'
import type { ErrorJson } from '../../../core/errors.ts'
import { addUsage, noUsage, type Usage } from '../../../core/usage.ts'
import { budgetExceeded, fitsBudget, leftWith } from '../../../engine/hosted.ts'
import {
  budgetInForce,
  type CallRef,
  type Command,
  type ExecutionState,
  findCall,
} from '../../../workflow/index.ts'

type Admit = Command & { kind: 'admit' }
type MostOf = Pick<ActionContract, 'most'>

/**
 * The budget of tokens and money of one execution. A call starts when the most that it may use is left; what
 * calls under way have reserved is spent until it is known better, and who does not fit waits for that.
 */
export class HostedBudget {
  readonly #state: ExecutionState
  readonly #again: (command: Admit) => void
  /** Calls under way that may give something back. */
  readonly #started = new Set<CallRef>()
  readonly #waiting = new Map<CallRef, Admit>()

  /** @param again asks for a place once more, for a call that waited */
  constructor(state: ExecutionState, again: (command: Admit) => void) {
    this.#state = state
    this.#again = again
  }

  /** A granted call is to be told with `ended` and `follow`; for one that waits it is asked `again`. */
  ask(command: Admit, { most = noUsage }: MostOf): 'granted' | 'waits' | ErrorJson {
    const { call } = command
    // Undoing spends nobody's budget.
    if (call.undo !== null) return 'granted'
    const [need, left] = [
      { calls: 0, ...most },
      { calls: Infinity, ...this.#left() },
    ]
    if (fitsBudget(need, left)) {
      this.#started.add(call)
      return 'granted'
    }
    if (this.#started.size === 0)
      return budgetExceeded(`execution '${this.#state.executionId}'`, need, left)
    this.#waiting.set(call, command)
    return 'waits'
  }

  /** What is left to a call that has reserved its most. */
  left({ undo }: CallRef, { most = noUsage }: MostOf): Omit<BudgetLeft, 'agentCallsLeft'> {
    return undo === null ? leftWith(most, this.#left()) : { tokensLeft: null, costUsdLeft: null }
  }

  /** The call is over, was not made, or waits no longer. @returns whether others may `follow`, once it is known what it used */
  ended(call: CallRef): boolean {
    this.#waiting.delete(call)
    return this.#started.delete(call)
  }

  /** Those who wait ask again, for as long as there is enough. */
  follow(): void {
    for (const [next, command] of Array.from(this.#waiting)) {
      this.#waiting.delete(next)
      const found = findCall(this.#state, next)
      if (found?.ref !== next || !found.requested) continue
      this.#again(command)
      if (!this.#started.has(next) && this.#started.size > 0) return
    }
  }

  #left(): Usage {
    const { spent, reserved } = this.#state
    return addUsage(budgetInForce(this.#state).usageMax, addUsage(spent, reserved), -1)
  }
}
