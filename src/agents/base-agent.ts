import type { BudgetLimit } from '../core/contracts/budget.ts'
import { assertNever } from '../core/assert.ts'
import type { Clock } from '../core/clock.ts'
import { messageOf, OrchestrationError, toErrorJson, type ErrorJson } from '../core/errors.ts'
import type { AgentDefinition, AgentExample } from './agent-definition.ts'
import { checkDefinition } from './agent-definition.ts'
import { planAction, type ActionPlan } from './action-plan.ts'
import type { AgentCall, RunningCall, Settle } from './call.ts'
import type { AgentConfiguration } from './configuration.ts'
import type { ActionContract, ActionDefinition, LookupOutcome } from './contract.ts'
import { deadlinesOf, type Deadlines } from './deadlines.ts'
import { failure } from './failure.ts'
import { defaultHost, type AgentHost } from './host.ts'
import { HttpTransport } from './http/http-transport.ts'
import { inProcessTransport } from './in-process.ts'
import { Invocation, type InvocationOwner } from './invocation.ts'
import { lookupOutcome } from './lookup.ts'
import { MeshTransport } from './mesh/mesh-transport.ts'
import { agentPool } from './agent-pool.ts'
import type { BreakerState } from './circuit-breaker.ts'
import type { AgentPool } from './pool.ts'
import type { AgentTransport } from './transport.ts'
import { waitAtMost } from './wait-at-most.ts'

export type AgentState =
  | 'registered'
  | 'starting'
  | 'ready'
  | 'draining'
  | 'stopped'
  | 'quarantined'

/** How an agent is doing. */
export interface AgentHealth {
  readonly state: AgentState
  /** Ready, and `onHealth` has not complained. */
  readonly healthy: boolean
  readonly running: number
  readonly waiting: number
  /** Why it is quarantined or unhealthy; null when it is not. */
  readonly reason: string | null
}

const brand = Symbol.for('aura.BaseAgent')
const initMsMax = 30_000
const healthMsMax = 5_000
const drainMsDefault = 30_000

/**
 * An agent: its actions, its configuration, its life. `defineAgent` builds one; a subclass passes its definition
 * to the constructor and may override `onInit`, `onHealth` and `onClose`.
 *
 * registered: known, takes no calls. `init` → starting: the transport opens and `onInit` runs (at most 30 s) →
 * ready: takes calls. A failing start → quarantined: takes no calls until `release` makes it registered again.
 * `drain` → draining: takes no new calls, those under way go on. `close`, from any state: calls under way are
 * aborted, the transport closes → stopped. A stopped agent may be started again by `init`.
 */
export class BaseAgent implements InvocationOwner {
  readonly id: string
  readonly type: string
  readonly version: string
  readonly description: string | null
  /** Tasks as people would put them; see `AgentDefinition`. */
  readonly examples: readonly AgentExample[]
  readonly config: AgentConfiguration
  /** The places for calls; whoever calls `invoke` holds one. */
  readonly pool: AgentPool
  readonly transport: AgentTransport
  readonly #plans = new Map<string, ActionPlan>()
  readonly #running = new Set<Invocation>()
  #state: AgentState = 'registered'
  #host: AgentHost = defaultHost
  #deadlines: Deadlines = deadlinesOf(defaultHost.clock)
  #starting: Promise<void> | null = null
  #reason: ErrorJson | null = null
  #onIdle: (() => void)[] = []

  /**
   * @param transport carries the calls of an agent whose actions have no `run`; default its functions, or HTTP
   *   to its `url`
   * @throws AgentModuleError when the definition is wrong.
   */
  constructor(definition: AgentDefinition, transport?: AgentTransport) {
    const checked = checkDefinition(definition, transport !== undefined)
    const { config, version, description, hasHttpLookup, actions } = checked
    this.id = config.agentId
    this.type = config.agentType
    this.version = version
    this.description = description
    this.examples = checked.examples
    this.config = config
    this.pool = agentPool(config, {
      clock: () => this.#host.clock,
      isFull: () => this.#host.isFull(),
      onChange: (state) => this.#breakerChanged(state),
    })
    this.transport = transport ?? this.#usualTransport()
    const { payloadBytesMax } = this.config.resourceLimits
    const identity = { agentId: this.id, agentType: this.type, version }
    const owner = { ...identity, hasLookup: hasHttpLookup, payloadBytesMax }
    for (const [name, action] of Object.entries(actions))
      this.#plans.set(name, planAction(owner, name, action))
    Object.defineProperty(this, brand, { value: true })
  }

  get state(): AgentState {
    return this.#state
  }

  get host(): AgentHost {
    return this.#host
  }

  get deadlines(): Deadlines {
    return this.#deadlines
  }

  /** What all executions together may spend with it; null for any amount. */
  get budget(): BudgetLimit | null {
    return this.config.resourceLimits.budget
  }

  get capabilities(): readonly string[] {
    return this.config.capabilities
  }

  /** Names of its actions. */
  get actions(): readonly string[] {
    return [...this.#plans.keys()]
  }

  /** Calls under way. */
  get running(): number {
    return this.#running.size
  }

  /** Why it is quarantined; null when it is not. */
  get reason(): ErrorJson | null {
    return this.#reason
  }

  /** An action as it was defined; undefined for an unknown one. */
  definition(action: string): ActionDefinition | undefined {
    return this.#plans.get(action)?.definition
  }

  /** What is journalled with each attempt of an action; undefined for an unknown one. */
  contract(action: string): ActionContract | undefined {
    return this.#plans.get(action)?.contract
  }

  /**
   * Starts the agent; without effect when it is ready, joined when it is starting.
   *
   * @throws AgentUnavailableError when the start fails, which quarantines it, or when it is quarantined or draining.
   */
  init(host: Partial<AgentHost> = {}): Promise<void> {
    if (this.#state === 'ready') return Promise.resolve()
    if (this.#starting !== null) return this.#starting
    if (this.#state !== 'registered' && this.#state !== 'stopped')
      return Promise.reject(this.#unavailable())
    this.#host = { ...defaultHost, ...host }
    this.#deadlines = deadlinesOf(this.#host.clock)
    this.#state = 'starting'
    this.#starting = this.#start().finally(() => {
      this.#starting = null
    })
    return this.#starting
  }

  /**
   * Begins one attempt of an action. `settle` is told its outcome exactly once, after this has returned: on the
   * answer, after the timeout even if the agent hangs. Never throws.
   */
  invoke(action: string, call: AgentCall, settle: Settle): RunningCall {
    const plan = this.#plans.get(action)
    if (this.#state !== 'ready' || plan === undefined) {
      const error = plan === undefined ? this.#noAction(action) : this.#unavailable().toJSON()
      queueMicrotask(() => settle({ kind: 'failed', error }))
      return ended
    }
    const invocation = new Invocation(this, plan, call, settle)
    this.#running.add(invocation)
    invocation.start()
    return invocation
  }

  /** Asks for the outcome of an earlier call, for at most `timeoutMs` (default 30 s). Never rejects. */
  lookup(action: string, idempotencyKey: string, timeoutMs = 30_000): Promise<LookupOutcome> {
    const plan = this.#plans.get(action)
    if (plan === undefined)
      return Promise.resolve({ kind: 'unknown', error: this.#noAction(action) })
    if (this.#state !== 'ready')
      return Promise.resolve({ kind: 'unknown', error: this.#unavailable().toJSON() })
    return lookupOutcome(this, plan, { idempotencyKey, timeoutMs })
  }

  /** Its state and load; asks `onHealth` when ready, for at most 5 s. Never rejects. */
  async health(): Promise<AgentHealth> {
    let reason = this.#reason?.message ?? null
    if (this.#state === 'ready') {
      try {
        await waitAtMost(this.#host.clock, healthMsMax, Promise.resolve(this.onHealth()))
      } catch (error) {
        reason = messageOf(error)
      }
    }
    const healthy = this.#state === 'ready' && reason === null
    return {
      state: this.#state,
      healthy,
      running: this.running,
      waiting: this.pool.waiting,
      reason,
    }
  }

  /** Takes no new calls; resolves when those under way have ended, or after `atMostMs` (default 30 s). */
  async drain(atMostMs = drainMsDefault): Promise<void> {
    await this.#starting?.catch(() => undefined)
    if (this.#state === 'ready') this.#state = 'draining'
    if (this.#running.size === 0) return
    const idle = new Promise<void>((resolve) => this.#onIdle.push(resolve))
    await waitAtMost(this.#host.clock, atMostMs, idle).catch(() => undefined)
  }

  /** Aborts the calls under way and closes the transport. Never rejects; a complaint of `onClose` is logged. */
  async close(): Promise<void> {
    await this.#starting?.catch(() => undefined)
    if (this.#state === 'stopped') return
    const wasStarted = this.#state !== 'registered'
    this.#state = 'stopped'
    this.#reason = null
    for (const invocation of this.#running) invocation.stop('the agent is closed')
    if (!wasStarted) return
    try {
      await waitAtMost(this.#host.clock, drainMsDefault, Promise.resolve(this.onClose()))
    } catch (error) {
      this.#host.logger.log('warn', `agent ${this.id} failed to close`, {
        agentId: this.id,
        error: messageOf(error),
      })
    }
    this.transport.close()
  }

  /** Leaves quarantine: the agent is registered again and may be started. False when it was not quarantined. */
  release(): boolean {
    if (this.#state !== 'quarantined') return false
    this.#state = 'registered'
    this.#reason = null
    return true
  }

  /** Of `InvocationOwner`. */
  ended(invocation: Invocation): void {
    this.#running.delete(invocation)
    if (this.#running.size > 0 || this.#onIdle.length === 0) return
    const waiting = this.#onIdle
    this.#onIdle = []
    for (const resolve of waiting) resolve()
  }

  /** Override to prepare for calls, e.g. load a model. A throw or 30 s without an end quarantines the agent. */
  protected onInit(): void | Promise<void> {}

  /** Override to complain, by throwing, about something that makes the agent unfit. */
  protected onHealth(): void | Promise<void> {}

  /** Override to let go of what `onInit` took. */
  protected onClose(): void | Promise<void> {}

  #usualTransport(): AgentTransport {
    const { transport, address } = this.config.communicationConfig
    const clock = (): Clock => this.#host.clock
    switch (transport) {
      case 'in-process':
        return inProcessTransport
      case 'http':
        return new HttpTransport(this.config, clock)
      case 'mesh':
        return new MeshTransport({
          address: address ?? this.type,
          clock,
          mesh: () => this.#host.mesh(),
        })
      default:
        return assertNever(transport, 'transport')
    }
  }

  async #start(): Promise<void> {
    try {
      this.transport.open()
      await waitAtMost(this.#host.clock, initMsMax, Promise.resolve(this.onInit()))
      this.#state = 'ready'
    } catch (error) {
      this.#state = 'quarantined'
      this.#reason = toErrorJson(error)
      this.transport.close()
      throw this.#unavailable(error)
    }
  }

  #breakerChanged(breaker: BreakerState): void {
    const { logger, onBreaker } = this.#host
    const level = breaker === 'open' ? 'warn' : 'info'
    logger.log(level, `circuit breaker of an agent: ${breaker}`, { agentId: this.id, breaker })
    onBreaker?.(this.id, breaker)
  }

  #unavailable(cause?: unknown): OrchestrationError {
    const why = this.#reason === null ? '' : `: ${this.#reason.message}`
    return new OrchestrationError(
      'AgentUnavailableError',
      `agent '${this.id}' is ${this.#state}${why}`,
      {
        retryable: true,
        details: { agentId: this.id, state: this.#state },
        ...(cause === undefined ? {} : { cause }),
      },
    )
  }

  #noAction(action: string): ErrorJson {
    const hint = `its actions: ${this.actions.join(', ')}`
    return failure('AgentUnavailableError', `agent '${this.id}' has no action '${action}'`, {
      retryable: false,
      hint,
    })
  }
}

const ended: RunningCall = { abort() {}, stop() {} }

/** True for agents of any copy of this package that is loaded in the process. */
export function isAgent(value: unknown): value is BaseAgent {
  return typeof value === 'object' && value !== null && brand in value
}
