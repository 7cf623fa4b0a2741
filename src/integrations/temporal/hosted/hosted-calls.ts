import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  sleep,
} from '@temporalio/workflow'
import type { BudgetLeft } from '../../../core/contracts/budget.ts'
import type { ActionContract, CallOutcome } from '../../../core/contracts/call.ts'
import { systemClock } from '../../../core/clock.ts'
import { type ErrorJson, OrchestrationError } from '../../../core/errors.ts'
import { missingAgent, slotFull } from '../../../engine/hosted.ts'
import {
  type CallRef,
  type Command,
  entriesAt,
  type ExecutionState,
  findCall,
  type Invocation,
  type RefusalReason,
  type Stimulus,
} from '../../../workflow/index.ts'
import { payloadBytesMax, tooLarge, utf8Bytes } from '../payload-size.ts'
import type { Activities, KnownContract, RemoteCall, SlotTold } from '../wire.ts'
import { HostedBudget } from './hosted-budget.ts'
import { type Charge, HostedCharges } from './hosted-charges.ts'
import { type HeldSlot, HostedSlots } from './hosted-slots.ts'
import { MessageRoom } from './message-room.ts'

type Admit = Command & { kind: 'admit' }
type Lookup = Command & { kind: 'lookup' }

export interface HostedCallsParts {
  readonly state: ExecutionState
  readonly shield: CancellationScope
  readonly stimulate: (stimulus: Stimulus) => void
  readonly heartbeatTimeoutMs: number
  /** What is too large for Temporal is kept elsewhere. */
  readonly hasPayloadStore: boolean
}

/** Temporal wants an end for each activity. The agent's own timeout ends a call, and a heartbeat tells a dead worker. */
const longestMs = 365 * 24 * 60 * 60 * 1_000
/** How long a worker may take to say what it knows of an agent. */
const contractTimeoutMs = 10_000
/** When a worker is asked again for an agent that it does not have: each time twice as late as before. */
const lookAgainMs = 5_000
const lookAgainMaxMs = 300_000

/** When a budget that is spent for now is asked again: each time twice as late as before. */
const chargeAgainMs = 250
const chargeAgainMaxMs = 10_000

/** A call under way. A later attempt of the same call has a place and a charge of its own. */
interface Running {
  readonly scope: CancellationScope
  readonly slot: HeldSlot | null
  readonly charge: Charge | null
}

/** Obeys the commands that concern agents: an attempt is an activity that Temporal tries once. */
export class HostedCalls {
  /** Calls whose agents the workers do not have, and what is missing. */
  readonly missing = new Map<CallRef, string>()
  readonly #parts: HostedCallsParts
  readonly #contracts = new Map<string, KnownContract>()
  readonly #budget: HostedBudget
  readonly #charges: HostedCharges
  readonly #slots: HostedSlots
  readonly #room = new MessageRoom()
  /** Who asks for what lies outside the execution: the newest request of each call. */
  readonly #asking = new Map<CallRef, Admit>()
  readonly #running = new Map<CallRef, Running>()
  #lookups = 0
  #isDraining = false
  readonly #once: Pick<Activities, 'callAgent'>
  readonly #often: Pick<Activities, 'lookUp'>
  readonly #here: Pick<Activities, 'contractOf'>

  constructor(parts: HostedCallsParts) {
    this.#parts = parts
    this.#budget = new HostedBudget(parts.state, (command) => this.admit(command))
    this.#charges = new HostedCharges(parts.state)
    this.#slots = new HostedSlots(parts.state)
    const options = { startToCloseTimeout: longestMs, heartbeatTimeout: parts.heartbeatTimeoutMs }
    this.#once = proxyActivities<Activities>({
      ...options,
      retry: { maximumAttempts: 1 },
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    })
    this.#often = proxyActivities<Activities>(options)
    this.#here = proxyLocalActivities<Activities>({ startToCloseTimeout: contractTimeoutMs })
  }

  /** Calls and lookups whose answers are waited for. */
  get inFlight(): number {
    return this.#running.size + this.#lookups + (this.isSettled ? 0 : 1)
  }

  /** What its calls have used and held is told to budgets and keepers of places. */
  get isSettled(): boolean {
    return this.#charges.inFlight === 0 && this.#slots.isTold
  }

  /** Lets no further call start until `resume`; the next run of the execution asks for them again. */
  drain(): void {
    this.#isDraining = true
    for (const call of this.#asking.keys()) this.#slots.leave(call)
  }

  /** Goes on in this run after all. */
  resume(): void {
    this.#isDraining = false
    // As new requests: what still goes on for the old ones is of no use any more.
    for (const command of Array.from(this.#asking.values())) this.admit({ ...command })
  }

  slotTold(told: SlotTold): void {
    this.#slots.told(told)
  }

  /** Finds out what the agent promises; who of its callers runs when is left to the worker's pool. */
  admit(command: Admit): void {
    const { call } = command
    this.#asking.set(call, command)
    if (this.#isDraining) return
    const contract = this.#contracts.get(contractKey(command))
    if (contract === undefined) return void this.#parts.shield.run(() => this.#ask(command))
    // Undoing spends nobody's budget.
    const isAccounted = contract.isAccounted === true && call.undo === null
    if (command.slot === null && !isAccounted) return this.#enter(command, contract)
    void this.#parts.shield.run(() => this.#reach(command, contract, isAccounted))
  }

  /** Everything that lies outside the execution lets the call start. */
  #enter(command: Admit, contract: ActionContract): void {
    const { call } = command
    this.#asking.delete(call)
    const answer = this.#budget.ask(command, contract)
    if (answer === 'granted') {
      const isAccounted = this.#charges.has(call)
      return this.#parts.stimulate({ kind: 'admitted', call, contract, isAccounted })
    }
    this.#giveBack(call)
    if (answer !== 'waits') this.#refuse(call, 'budget', answer)
  }

  #refuse(call: CallRef, reason: RefusalReason, error: ErrorJson): void {
    this.#asking.delete(call)
    this.#parts.stimulate({ kind: 'refused', call, reason, error })
  }

  /** A call that is not made leaves what lies outside the execution as it was. */
  #giveBack(call: CallRef): void {
    this.#charges.giveBack(call)
    this.#slots.leave(call)
  }

  release(call: CallRef): void {
    this.missing.delete(call)
    this.#asking.delete(call)
    this.#giveBack(call)
    if (this.#budget.ended(call)) this.#budget.follow()
  }

  invoke(command: Invocation): void {
    const started = findCall(this.#parts.state, command.call)
    // A pattern may have given it up in the turn that started it.
    if (started?.status !== 'running' || started.token !== command.token)
      return this.release(command.call)
    void this.#call(command)
  }

  /** Asks the agent to stop, by way of its heartbeat. */
  abort(call: CallRef): void {
    this.#running.get(call)?.scope.cancel()
  }

  /** As `abort`; whether and how it ends matters to nobody any more. */
  abandon(call: CallRef): void {
    this.abort(call)
    const { slot = null } = this.#running.get(call) ?? {}
    this.#running.delete(call)
    if (slot !== null) this.#slots.giveBack(slot)
    if (this.#budget.ended(call)) this.#budget.follow()
  }

  lookUp(command: Lookup): void {
    const { shield, stimulate } = this.#parts
    const { call, token, agent, action, idempotencyKey } = command
    this.#lookups++
    void shield.run(async () => {
      const outcome = await this.#untilPresent(command, () =>
        this.#often.lookUp(agent, action, idempotencyKey),
      )
      this.#lookups--
      stimulate({ kind: 'lookedUp', call, token, outcome })
    })
  }

  async #ask(command: Admit): Promise<void> {
    const { agent, action } = command
    const { tenant } = this.#parts.state
    const ofTenant = tenant === null ? ([] as const) : ([tenant] as const)
    const contract = await this.#untilPresent(command, async () => {
      const known = await this.#here.contractOf(agent, action, ...ofTenant)
      return this.#isWanted(command) ? known : 'unwanted'
    })
    if (contract === 'unwanted') return
    this.#contracts.set(contractKey(command), contract)
    this.admit(command)
  }

  /** Takes a place under the step's key, then asks the budgets; while these are spent the place is left to others. */
  async #reach(command: Admit, contract: ActionContract, isAccounted: boolean): Promise<void> {
    const { call, slot } = command
    const isLost = (): boolean => this.#isDraining || !this.#isWanted(command)
    for (let pauseMs = chargeAgainMs; ; pauseMs = Math.min(2 * pauseMs, chargeAgainMaxMs)) {
      const place = slot === null ? 'granted' : await this.#slots.take(call, slot)
      if (place === 'withdrawn' || isLost()) return this.#giveBack(call)
      if (place === 'full') return this.#full(command)
      if (!isAccounted) return this.#enter(command, contract)
      const answer = await this.#charges.charge(call, contract)
      if (isLost()) return this.#giveBack(call)
      if (answer.kind === 'granted') return this.#enter(command, contract)
      this.#slots.leave(call)
      if (answer.kind === 'exceeded') return this.#refuse(call, 'budget', answer.error)
      await sleep(pauseMs)
      if (isLost()) return
    }
  }

  /** No place is left under the step's key, and it does not want to wait. */
  #full({ call, slot }: Admit): void {
    if (slot === null) return
    if (slot.onFull !== 'skip') return this.#refuse(call, 'concurrency', slotFull(slot).toJSON())
    this.#asking.delete(call)
    this.#parts.stimulate({ kind: 'leftOut', call })
  }

  /** Whether that very request stands: the call may have been withdrawn meanwhile, and asked for again. */
  #isWanted(command: Admit): boolean {
    const { call } = command
    const found = findCall(this.#parts.state, call)
    return this.#asking.get(call) === command && found?.ref === call && found.requested
  }

  /** Asks workers until one has the agent; until it asks again, the call counts as missing it. */
  async #untilPresent<Answer>(
    { call, agent, action }: Pick<Admit, 'call' | 'agent' | 'action'>,
    ask: () => Promise<Answer | null>,
  ): Promise<Answer> {
    for (let pauseMs = lookAgainMs; ; pauseMs = Math.min(2 * pauseMs, lookAgainMaxMs)) {
      const answer = await ask()
      if (answer !== null) return answer
      this.missing.set(call, missingAgent(agent, action))
      await sleep(pauseMs)
      this.missing.delete(call)
    }
  }

  async #call(command: Invocation): Promise<void> {
    const { shield, stimulate } = this.#parts
    const { call, token } = command
    const scope = new CancellationScope({ cancellable: true, parent: shield })
    const running = { scope, slot: this.#slots.taken(call), charge: this.#charges.taken(call) }
    this.#running.set(call, running)
    let stimulus: Extract<Stimulus, { readonly kind: 'ended' | 'lost' }>
    try {
      const outcome = await scope.run(() =>
        this.#untilPresent(command, () => this.#send(this.#remote(command, running.charge))),
      )
      stimulus = { kind: 'ended', call, token, outcome }
    } catch (thrown) {
      if (!(thrown instanceof ActivityFailure) && !isCancellation(thrown)) throw thrown
      // A call whose agent is missing was not made.
      stimulus = this.missing.delete(call)
        ? { kind: 'ended', call, token, outcome: { kind: 'failed', error: notCalled().toJSON() } }
        : { kind: 'lost', call, token }
    }
    const { slot, charge } = running
    if (charge !== null)
      this.#charges.settle(charge, stimulus.kind === 'ended' ? stimulus.outcome : null)
    const isGivenUp = this.#running.get(call) !== running
    if (!isGivenUp) this.#running.delete(call)
    if (!isGivenUp && slot !== null) this.#slots.giveBack(slot)
    const mayFollow = !isGivenUp && this.#budget.ended(call)
    // The kernel may have it made again at once, with a place and a charge of its own.
    stimulate(stimulus)
    // Only now is it known what it has used.
    if (mayFollow) this.#budget.follow()
  }

  /** Without a store for what is large, a call that Temporal would not take fails, and those that it would wait for one another. */
  #send(remote: RemoteCall): Promise<CallOutcome | null> {
    if (this.#parts.hasPayloadStore) return this.#once.callAgent(remote)
    const bytes = utf8Bytes(JSON.stringify(remote))
    if (bytes > payloadBytesMax)
      return Promise.resolve({ kind: 'failed', error: tooLarge(bytes).toJSON() })
    const mayGo = this.#room.wait(bytes)
    return mayGo === null
      ? this.#once.callAgent(remote)
      : mayGo.then(() => this.#once.callAgent(remote))
  }

  /** What all budgets of the call leave to it. */
  #left(command: Invocation, charge: Charge | null): Omit<BudgetLeft, 'agentCallsLeft'> {
    const contract = this.#contracts.get(contractKey(command)) ?? {}
    const own = this.#budget.left(command.call, contract)
    if (charge === null) return own
    return {
      tokensLeft: least(own.tokensLeft, charge.tokensLeft),
      costUsdLeft: least(own.costUsdLeft, charge.costUsdLeft),
    }
  }

  #remote(command: Invocation, charge: Charge | null): RemoteCall {
    const { state } = this.#parts
    const { call, agent, action, input, attempt, idempotencyKey } = command
    const { timeoutMs, agentCallsLeft, resumed, withTda } = command
    return {
      agent,
      action,
      call: {
        input,
        ...(command.secrets === undefined ? {} : { secrets: command.secrets }),
        executionId: state.executionId,
        stepId: call.step,
        index: call.index,
        attempt,
        idempotencyKey,
        timeoutMs,
        correlationId: state.executionId,
        budget: { agentCallsLeft, ...this.#left(command, charge) },
        resumed,
      },
      ...(state.chain.length === 0 ? {} : { chain: state.chain }),
      ...(state.tenant === null ? {} : { owner: state.tenant }),
      withTda,
      entries: entriesAt(state, systemClock.nowMs()),
    }
  }
}

/** The smaller of two amounts that are left; null is any. */
function least(one: number | null, other: number | null): number | null {
  return one === null ? other : other === null ? one : Math.min(one, other)
}

function contractKey({ agent, action }: Pick<Admit, 'agent' | 'action'>): string {
  return `${agent} ${action}`
}

function notCalled(): OrchestrationError {
  const message = 'the call was cancelled before a worker had its agent'
  return new OrchestrationError('WorkflowCancelledError', message)
}
