import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  sleep,
} from '@temporalio/workflow'
import type { ActionContract } from '../../../core/contracts/call.ts'
import { systemClock } from '../../../core/clock.ts'
import { OrchestrationError } from '../../../core/errors.ts'
import { missingAgent } from '../../../engine/hosted.ts'
import {
  type CallRef,
  type Command,
  entriesAt,
  type ExecutionState,
  findCall,
  type Invocation,
  type Stimulus,
} from '../../../workflow/index.ts'
import type { Activities, RemoteCall } from '../wire.ts'
import { HostedBudget } from './hosted-budget.ts'

type Admit = Command & { kind: 'admit' }
type Lookup = Command & { kind: 'lookup' }

export interface HostedCallsParts {
  readonly state: ExecutionState
  readonly shield: CancellationScope
  readonly stimulate: (stimulus: Stimulus) => void
  readonly heartbeatTimeoutMs: number
}

/** Temporal wants an end for each activity. The agent's own timeout ends a call, and a heartbeat tells a dead worker. */
const longestMs = 365 * 24 * 60 * 60 * 1_000
/** How long a worker may take to say what it knows of an agent. */
const contractTimeoutMs = 10_000
/** When a worker is asked again for an agent that it does not have: each time twice as late as before. */
const lookAgainMs = 5_000
const lookAgainMaxMs = 300_000

/** Obeys the commands that concern agents: an attempt is an activity that Temporal tries once. */
export class HostedCalls {
  /** Calls whose agents the workers do not have, and what is missing. */
  readonly missing = new Map<CallRef, string>()
  readonly #parts: HostedCallsParts
  readonly #contracts = new Map<string, ActionContract>()
  readonly #budget: HostedBudget
  readonly #running = new Map<CallRef, CancellationScope>()
  #lookups = 0
  #isDraining = false
  readonly #once: Pick<Activities, 'callAgent'>
  readonly #often: Pick<Activities, 'lookUp'>
  readonly #here: Pick<Activities, 'contractOf'>

  constructor(parts: HostedCallsParts) {
    this.#parts = parts
    this.#budget = new HostedBudget(parts.state, (command) => this.admit(command))
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
    return this.#running.size + this.#lookups
  }

  /** Lets no further call start: the next run of the execution asks for them again. */
  drain(): void {
    this.#isDraining = true
  }

  /** Finds out what the agent promises; who of its callers runs when is left to the worker's pool. */
  admit(command: Admit): void {
    const { call } = command
    if (this.#isDraining) return
    const contract = this.#contracts.get(contractKey(command))
    if (contract === undefined) return void this.#parts.shield.run(() => this.#ask(command))
    const answer = this.#budget.ask(command, contract)
    if (answer === 'granted') return this.#parts.stimulate({ kind: 'admitted', call, contract })
    if (answer === 'waits') return
    this.#parts.stimulate({ kind: 'refused', call, reason: 'budget', error: answer })
  }

  release(call: CallRef): void {
    this.missing.delete(call)
    this.#budget.ended(call)
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
    this.#running.get(call)?.cancel()
  }

  /** As `abort`; whether and how it ends matters to nobody any more. */
  abandon(call: CallRef): void {
    this.abort(call)
    this.#running.delete(call)
    this.#budget.ended(call)
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
    const { call, agent, action } = command
    const contract = await this.#untilPresent(command, async () => {
      const known = await this.#here.contractOf(agent, action)
      const found = findCall(this.#parts.state, call)
      return found?.ref === call && found.requested ? known : 'unwanted'
    })
    if (contract === 'unwanted') return
    this.#contracts.set(contractKey(command), contract)
    this.admit(command)
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
    this.#running.set(call, scope)
    let stimulus: Stimulus
    try {
      const outcome = await scope.run(() =>
        this.#untilPresent(command, () => this.#once.callAgent(this.#remote(command))),
      )
      stimulus = { kind: 'ended', call, token, outcome }
    } catch (thrown) {
      if (!(thrown instanceof ActivityFailure) && !isCancellation(thrown)) throw thrown
      // A call whose agent is missing was not made.
      stimulus = this.missing.delete(call)
        ? { kind: 'ended', call, token, outcome: { kind: 'failed', error: notCalled().toJSON() } }
        : { kind: 'lost', call, token }
    }
    const isGivenUp = this.#running.get(call) !== scope
    if (!isGivenUp) this.#running.delete(call)
    stimulate(stimulus)
    // Only now is it known what it has used.
    if (!isGivenUp) this.#budget.ended(call)
  }

  #remote(command: Invocation): RemoteCall {
    const { state } = this.#parts
    const { call, agent, action, input, attempt, idempotencyKey } = command
    const { timeoutMs, agentCallsLeft, resumed, withTda } = command
    const contract = this.#contracts.get(contractKey(command)) ?? {}
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
        budget: { agentCallsLeft, ...this.#budget.left(call, contract) },
        resumed,
      },
      ...(state.chain.length === 0 ? {} : { chain: state.chain }),
      withTda,
      entries: entriesAt(state, systemClock.nowMs()),
    }
  }
}

function contractKey({ agent, action }: Pick<Admit, 'agent' | 'action'>): string {
  return `${agent} ${action}`
}

function notCalled(): OrchestrationError {
  const message = 'the call was cancelled before a worker had its agent'
  return new OrchestrationError('WorkflowCancelledError', message)
}
