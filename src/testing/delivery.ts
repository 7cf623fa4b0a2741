import type { AgentCall, BaseAgent, RunningCall, Settle } from '../agents/index.ts'
import type { ActionContract, CallOutcome } from '../core/contracts/call.ts'
import { type ErrorJson, OrchestrationError, WorkflowTimeoutError } from '../core/errors.ts'
import type { LifeParts } from './live-agents.ts'

/** What becomes of one delivery of a call. */
export interface DeliveryPlan {
  /** The agent's function is run so long after the delivery; null: never. */
  readonly runAfterMs: number | null
  /** The answer arrives so long after the function has given it; null: never. */
  readonly answerAfterMs: number | null
  /** Arrives instead of the agent's answer. */
  readonly instead: ErrorJson | null
  /** The answer arrives twice, and unless the effect is `once` the function is run twice. */
  readonly isDoubled: boolean
  /** The process ends before the function is run, or when it has answered. */
  readonly crash: 'beforeRun' | 'afterRun' | null
}

/** The agent runs at once, and its answer arrives at once. */
export const faultless: DeliveryPlan = {
  runAfterMs: 0,
  answerAfterMs: 0,
  instead: null,
  isDoubled: false,
  crash: null,
}

interface DeliveryParts {
  readonly agent: BaseAgent
  readonly action: string
  readonly call: AgentCall
  readonly settle: Settle
  readonly life: LifeParts
  /** Nothing is expected of it any more. */
  readonly over: () => void
}

/**
 * One delivery of a call to an agent: runs the agent's function when its plan says so and lets the answer,
 * or something else, arrive when its plan says so, within the attempt's time.
 */
export class Delivery implements RunningCall {
  readonly #parts: DeliveryParts
  readonly #contract: ActionContract
  readonly #plan: DeliveryPlan
  readonly #timers: (() => void)[] = []
  readonly #seen: LifeParts['calls'][number]
  #inner: RunningCall | null = null
  #isAnswered = false
  #isOver = false

  constructor(parts: DeliveryParts) {
    const { agent, action, call, life } = parts
    this.#parts = parts
    this.#contract = agent.contract(action) as ActionContract
    this.#plan = life.plan(call, { contract: this.#contract, action })
    const { executionId, stepId, index, input, attempt } = call
    this.#seen = {
      executionId,
      stepId,
      index,
      agent: agent.id,
      action,
      input,
      attempt,
      key: call.idempotencyKey,
      atMs: life.clock.monotonicMs() - life.startMs,
      outcome: 'open',
      output: null,
    }
  }

  begin(): void {
    const { life } = this.#parts
    const { runAfterMs, answerAfterMs, instead, crash } = this.#plan
    life.calls.push(this.#seen)
    const { timeoutMs } = this
    // An agent that answers at once keeps its time itself.
    if (timeoutMs !== null && this.#plan !== faultless)
      this.#after(timeoutMs, () => this.#expire(timeoutMs))
    if (crash === 'beforeRun') return life.crash()
    if (runAfterMs === 0) return this.#run()
    if (runAfterMs !== null) return this.#after(runAfterMs, () => this.#run())
    if (answerAfterMs !== null && instead !== null)
      this.#after(answerAfterMs, () => this.#arrive(this.#failed(instead)))
  }

  /** Limit of the attempt; null for none. */
  get timeoutMs(): number | null {
    const { agent, call } = this.#parts
    const capMs = agent.config.resourceLimits.timeoutMs
    if (capMs === null || call.timeoutMs === null) return capMs ?? call.timeoutMs
    return Math.min(capMs, call.timeoutMs)
  }

  abort(reason: string): void {
    if (this.#inner !== null && !this.#isAnswered) return this.#inner.abort(reason)
    // An answer on its way still counts; nothing else can come.
    if (!this.#isAnswered || this.#plan.answerAfterMs === null) this.stop(reason)
  }

  stop(reason: string): void {
    if (this.#isOver) return
    this.#inner?.stop(reason)
    const message = `the call was aborted: ${reason}`
    const error = new OrchestrationError('WorkflowCancelledError', message, { retryable: true })
    this.#arrive(this.#failed(error.toJSON()))
  }

  /** The process of this delivery is killed: nobody hears of it any more. */
  die(): void {
    if (this.#isOver) return
    this.#seen.outcome = 'lost'
    this.#end()
    this.#inner?.stop('its process was killed')
  }

  #run(): void {
    const { agent, action, call, life } = this.#parts
    const completed = life.running(call, { contract: this.#contract, action })
    const { timeoutMs } = this
    const leftMs = timeoutMs === null ? null : Math.max(1, timeoutMs - (this.#plan.runAfterMs ?? 0))
    const close = life.open.add()
    this.#inner = agent.invoke(action, { ...call, timeoutMs: leftMs }, (outcome) => {
      close()
      if (this.#isOver) return
      if (outcome.kind === 'completed') completed(outcome.output)
      const isAgain = this.#plan.isDoubled && !this.#isAnswered && this.#contract.effect !== 'once'
      this.#isAnswered = true
      if (isAgain) this.#run()
      else this.#answered(outcome)
    })
  }

  #answered(outcome: CallOutcome): void {
    const { answerAfterMs, instead, crash } = this.#plan
    if (crash === 'afterRun') return this.#parts.life.crash()
    const arriving = instead === null ? outcome : this.#failed(instead)
    // `ctx.state.update` has changed the value of this moment: on its way the answer would overwrite others.
    const writesState = outcome.kind === 'completed' && (outcome.state?.length ?? 0) > 0
    if (answerAfterMs === 0 || (writesState && answerAfterMs !== null)) this.#arrive(arriving)
    else if (answerAfterMs !== null) this.#after(answerAfterMs, () => this.#arrive(arriving))
  }

  #expire(timeoutMs: number): void {
    const { agent, action } = this.#parts
    const message = `${agent.id}.${action} did not answer within ${timeoutMs} ms`
    const details = { timeoutMs }
    const error = new WorkflowTimeoutError(message, { retryable: true, details })
    this.#arrive(this.#failed(error.toJSON()))
    this.#inner?.stop('its time is over')
  }

  #arrive(outcome: CallOutcome): void {
    if (this.#isOver) return
    this.#end()
    this.#seen.outcome = outcome.kind
    if (outcome.kind === 'completed') this.#seen.output = outcome.output
    this.#parts.settle(outcome)
    if (this.#plan.isDoubled) this.#parts.settle(outcome)
  }

  #failed(error: ErrorJson): CallOutcome {
    const isUnknown = this.#contract.effect === 'once' && error.retryable
    return { kind: isUnknown ? 'unknown' : 'failed', error }
  }

  #end(): void {
    this.#isOver = true
    for (const cancel of this.#timers) cancel()
    this.#parts.over()
  }

  #after(ms: number, happen: () => void): void {
    this.#timers.push(this.#parts.life.clock.after(ms, happen))
  }
}
