import { OrchestrationError, WorkflowTimeoutError, type ErrorJson } from '../core/errors.ts'
import { isJsonObject, type JsonValue } from '../core/json.ts'
import type { ActionPlan } from './action-plan.ts'
import type { AgentCall, RunningCall, Settle } from './call.ts'
import { type InnerCall, mayNotCall, outputOf } from './call-inside.ts'
import { CallContext } from './call-context.ts'
import { CallMesh } from './call-mesh.ts'
import { CallSecrets, keepsSecrets, tellsSecret } from './call-secrets.ts'
import type { AgentConfiguration } from './configuration.ts'
import type { AgentContext, CallOutcome } from './contract.ts'
import type { Deadline, Deadlines } from './deadlines.ts'
import { endSpan, startSpan } from './call-span.ts'
import { describeThrown, failure } from './failure.ts'
import type { AgentHost, CallSpan } from './host.ts'
import { CallMemory } from './memory/call-memory.ts'
import { memoryConfig } from './memory/memory-config.ts'
import { normaliseJson } from './json-value.ts'
import type { Checked } from './schema.ts'
import { StateBuffer } from './state-buffer.ts'
import { isSuspension, type Suspension } from './suspend.ts'
import type { AgentTransport, Happened, TransportCall } from './transport.ts'
import { UsageMeter } from './usage-meter.ts'
import { wholeOutcome } from './whole-outcome.ts'

const noState = (): null => null

/** What an invocation shares with its agent. */
export interface InvocationOwner {
  readonly config: AgentConfiguration
  readonly host: AgentHost
  readonly deadlines: Deadlines
  readonly transport: AgentTransport
  /** Called once when the invocation has ended. */
  ended(invocation: Invocation): void
}

/**
 * One attempt of one call: copies and checks the input, calls the agent, checks the output and settles, always
 * and once: on an answer, at the deadline, or on abort, whichever is first. What comes later is ignored.
 *
 * Not sent: a failure is definite, nothing happened. Sent: for effect `once` only an answer that says so is
 * definite, anything else is `unknown`. Ended: the outcome is told, the signal is aborted unless it was an answer.
 */
export class Invocation implements TransportCall, Deadline, RunningCall {
  deadline: Deadline['deadline'] = null
  readonly plan: ActionPlan
  readonly call: AgentCall
  readonly #owner: InvocationOwner
  readonly #settle: Settle
  #timeoutMs: number | null = null
  #dueMs: number | null = null
  #isStarting = true
  #isSent = false
  #isEnded = false
  #span: CallSpan | null = null
  #cancel: (() => void) | null = null
  #controller: AbortController | null = null
  #abortReason: OrchestrationError | null = null
  #state: StateBuffer | null = null
  #meter: UsageMeter | null = null
  #isUsageOpen = false
  #callsInside = 0
  #mesh: CallMesh | null = null
  #memory: CallMemory | null = null
  #secrets: CallSecrets | null = null

  constructor(owner: InvocationOwner, plan: ActionPlan, call: AgentCall, settle: Settle) {
    this.#owner = owner
    this.plan = plan
    this.call = call
    this.#settle = settle
  }

  start(): void {
    const { config, host, deadlines } = this.#owner
    const capMs = config.resourceLimits.timeoutMs
    const askedMs = this.call.timeoutMs
    const timeoutMs = capMs === null ? askedMs : askedMs === null ? capMs : Math.min(askedMs, capMs)
    if (timeoutMs !== null) {
      this.#timeoutMs = timeoutMs
      this.#dueMs = deadlines.add(this, timeoutMs)
    }
    if (host.tracer !== null) this.#span = startSpan(this.#owner, this.plan.name, this.call)
    try {
      const input = this.#ownInput()
      const checked = this.plan.checkInput === null ? null : this.plan.checkInput(input)
      if (checked === null) this.#owner.transport.call(this, input)
      else if ('then' in checked) {
        const adopted = Promise.resolve(checked)
        adopted.then(
          (result) => this.#onInput(result),
          (error: unknown) => this.failed(describeThrown(error), 'never'),
        )
      } else this.#onInput(checked)
    } catch (error) {
      this.failed(describeThrown(error), 'never')
    }
    this.#isStarting = false
  }

  /** The same without the text of any secret that the call was given. */
  hide<T>(value: T): T {
    return this.#secrets?.hide(value) ?? value
  }

  get context(): AgentContext {
    return new CallContext(this)
  }

  get host(): AgentHost {
    return this.#owner.host
  }

  get config(): AgentConfiguration {
    return this.#owner.config
  }

  get traceparent(): string | null {
    return this.#span?.traceparent ?? this.call.traceparent ?? null
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Made when it is first asked for. */
  get state(): StateBuffer {
    this.#state ??= new StateBuffer(this.call.readState ?? noState, () => this.#isEnded)
    return this.#state
  }

  /** Made when it is first asked for. */
  get meter(): UsageMeter {
    this.#meter ??= new UsageMeter(this.call.budget, () => this.#isEnded)
    return this.#meter
  }

  get memory(): CallMemory {
    this.#memory ??= new CallMemory({
      owner: this.config.agentId,
      config: this.config.memoryConfig ?? memoryConfig(),
      memories: this.call.memories?.() ?? null,
      state: this.state,
      isEnded: () => this.#isEnded,
    })
    return this.#memory
  }

  get mesh(): CallMesh {
    this.#mesh ??= new CallMesh({
      call: this.call,
      signal: () => this.signal,
      traceparent: this.traceparent,
      isEnded: () => this.#isEnded,
    })
    return this.#mesh
  }

  /** Made when it is first asked for: most agents never look. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      if (this.#abortReason !== null) this.#controller.abort(this.#abortReason)
    }
    return this.#controller.signal
  }

  /** Epoch time of the deadline. */
  get deadlineMs(): number | null {
    if (this.#dueMs === null) return null
    const { clock } = this.#owner.host
    return Math.round(clock.nowMs() + this.#dueMs - clock.monotonicMs())
  }

  /** Another agent is called from inside this call, and what that uses counts as used by this one. */
  async callInside(other: InnerCall): Promise<JsonValue> {
    const { caller = this.host.caller } = this.call
    if (caller === null || this.#isEnded) throw mayNotCall(this.plan.fullName, this.#isEnded)
    if (this.#secrets?.reveals(other.input) === true) throw tellsSecret(this.plan.fullName)
    const { idempotencyKey: inside, chain = [this.config.agentId] } = this.call
    const number = other.number ?? ++this.#callsInside
    const { signal } = this
    const answer = await caller.call({ ...other, inside, number, chain, signal })
    this.meter.report(answer.usage)
    return outputOf(answer)
  }

  onCancel(cancel: () => void): void {
    if (this.#abortReason !== null) cancel()
    else this.#cancel = cancel
  }

  sent(): void {
    this.#isSent = true
  }

  returned(value: unknown): void {
    if (this.#isEnded) return
    if (isSuspension(value)) return this.#endWith(() => this.#suspended(value))
    const { checkOutput } = this.plan
    if (checkOutput === null) return this.#endWith(() => this.#completed(value))
    let checked: ReturnType<typeof checkOutput>
    try {
      checked = checkOutput(this.#json(value, 'output'))
    } catch (error) {
      return this.#badOutput(error)
    }
    if (!('then' in checked)) return this.#onOutput(checked)
    const adopted = Promise.resolve(checked)
    adopted.then(
      (result) => this.#onOutput(result),
      (error: unknown) => this.#badOutput(error),
    )
  }

  threw(thrown: unknown): void {
    if (this.#isEnded) return
    const described = describeThrown(thrown)
    // A call that it made may have happened or not, and so may this one.
    if (described.code === 'UnknownOutcomeError')
      return this.#end({ kind: 'unknown', error: described })
    const error = described.retryable ? (this.#abortReason?.toJSON() ?? described) : described
    // A throw that calls itself final is the agent's word that nothing is left open.
    this.#failed(error, error.retryable ? 'unknown' : 'done')
  }

  failed(error: ErrorJson, happened: Happened): void {
    this.#isUsageOpen = happened === 'unknown'
    this.#failed(error, happened)
  }

  #failed(error: ErrorJson, happened: Happened): void {
    const isUnknown = happened === 'unknown' && this.plan.effect === 'once'
    this.#end({ kind: isUnknown ? 'unknown' : 'failed', error })
  }

  expire(): void {
    const { fullName } = this.plan
    const message = `${fullName} did not answer within ${this.#timeoutMs} ms`
    const details = { timeoutMs: this.#timeoutMs }
    this.#giveUp(new WorkflowTimeoutError(message, { retryable: true, details }))
  }

  abort(reason: string): void {
    if (this.#isEnded || this.#abortReason !== null) return
    // Over a connection nothing can be awaited any more: it is closed. A function may still tell what it did.
    if (!this.#isSent || this.#cancel !== null) return this.stop(reason)
    this.#abortReason = this.#cancelled(reason)
    this.#controller?.abort(this.#abortReason)
  }

  /** Ends the call now, whatever its agent does. */
  stop(reason: string): void {
    this.#giveUp(this.#cancelled(reason))
  }

  #cancelled(reason: string): OrchestrationError {
    const message = `${this.plan.fullName} was aborted: ${reason}`
    return new OrchestrationError('WorkflowCancelledError', message, { retryable: true })
  }

  #giveUp(reason: OrchestrationError): void {
    if (this.#isEnded) return
    this.#abortReason = reason
    try {
      this.failed(reason.toJSON(), this.#isSent ? 'unknown' : 'never')
    } finally {
      this.#cancel?.()
      this.#controller?.abort(reason)
    }
  }

  #onInput(checked: Checked): void {
    if (this.#isEnded) return
    if (checked.ok) {
      this.#owner.transport.call(this, checked.value as JsonValue)
      return
    }
    const message = `input of ${this.plan.fullName} is refused by its schema: ${checked.message}`
    const details = { issues: checked.issues }
    this.failed(failure('AgentInputError', message, { retryable: false, details }), 'never')
  }

  #onOutput(checked: Checked): void {
    if (this.#isEnded) return
    // A schema may convert, and what it gives need not be JSON.
    if (checked.ok) return this.#endWith(() => this.#completed(checked.value))
    const message = `output of ${this.plan.fullName} is refused by its schema: ${checked.message}`
    const retryable = this.plan.effect !== 'once'
    const details = { issues: checked.issues }
    this.failed(failure('AgentOutputError', message, { retryable, details }), 'done')
  }

  /** Ends with what can be read of the agent's answer. A fault of whoever is told is nobody's output: it is thrown. */
  #endWith(read: () => CallOutcome): void {
    let outcome: CallOutcome
    try {
      outcome = read()
    } catch (error) {
      return this.#badOutput(error)
    }
    this.#end(outcome)
  }

  #completed(value: unknown): CallOutcome {
    return { kind: 'completed', output: this.#json(value, 'output') }
  }

  #badOutput(error: unknown): void {
    const described = describeThrown(error)
    if (described.code !== 'AgentError') {
      this.failed(described, 'done')
      return
    }
    const message = `output of ${this.plan.fullName} cannot be read: ${described.message}`
    const retryable = this.plan.effect !== 'once'
    this.failed(failure('AgentOutputError', message, { retryable }), 'done')
  }

  #suspended(value: Suspension): CallOutcome {
    const schema = this.#json(value.schema, 'suspension')
    const resumeToken = this.#json(value.resumeToken, 'suspension')
    return {
      kind: 'suspended',
      signal: value.signal,
      schema: isJsonObject(schema) ? schema : null,
      resumeToken,
    }
  }

  #ownInput(): JsonValue {
    const { input } = this.call
    if (input === null || typeof input !== 'object') {
      if (typeof input === 'string') this.#json(input, 'input')
      return input
    }
    const own = this.#json(input, 'input')
    const { secrets } = this.call
    if (secrets === undefined) return own
    const { transport, host } = this.#owner
    if (transport.isKept === true) throw keepsSecrets(this.plan.fullName)
    this.#secrets = new CallSecrets(secrets, host.secret)
    return this.#secrets.put(own)
  }

  #json(value: unknown, what: 'input' | 'output' | 'suspension'): JsonValue {
    return normaliseJson(value, this.plan.rules[what])
  }

  #end(told: CallOutcome): void {
    if (this.#isEnded) return
    const outcome = this.hide(told)
    this.#isEnded = true
    const { deadlines, config } = this.#owner
    if (this.deadline !== null) deadlines.remove(this)
    this.#owner.ended(this)
    this.#mesh?.end()
    if (this.#span !== null) endSpan(this.#owner.host, this.#span, outcome)
    if (config.observabilityConfig.recordPayloads) this.#record(outcome)
    if (this.#isStarting) queueMicrotask(() => this.#settle(this.#told(outcome)))
    else this.#settle(this.#told(outcome))
  }

  #told(outcome: CallOutcome): CallOutcome {
    const { plan } = this
    const deeds = {
      plan,
      state: this.#state,
      meter: this.#meter,
      mesh: this.#mesh,
      memory: this.#memory,
    }
    return this.hide(wholeOutcome(outcome, { ...deeds, isUsageOpen: this.#isUsageOpen }))
  }

  #record(outcome: CallOutcome): void {
    const output = outcome.kind === 'completed' ? outcome.output : null
    const fields = {
      action: this.plan.name,
      outcome: outcome.kind,
      input: this.call.input,
      output,
    }
    new CallContext(this).logger.log('info', 'agent call', fields)
  }
}
