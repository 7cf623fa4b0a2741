import { messageOf } from '../core/errors.ts'
import {
  type AgentCondition,
  type AgentWatch,
  conditionOf,
  type WatchedAgent,
} from './agent-watch.ts'
import type { BaseAgent, AgentState } from './base-agent.ts'
import type { BreakerView } from './circuit-breaker.ts'
import { refuseUnsupported } from './configuration.ts'
import type { ActionContract, Effect } from './contract.ts'
import { defaultHost, type AgentHost } from './host.ts'
import { moduleError } from './module-error.ts'

/** An agent as `aura agents ls` shows it. */
export interface AgentListing extends AgentCondition {
  readonly agentId: string
  readonly agentType: string
  readonly version: string
  readonly description: string | null
  readonly capabilities: readonly string[]
  readonly transport: string
  readonly state: AgentState
  /** Why its start failed, or why it is unhealthy; null for neither. */
  readonly reason: string | null
  readonly running: number
  readonly waiting: number
  /** Null where the agent has none. */
  readonly breaker: BreakerView | null
  readonly actions: readonly {
    readonly name: string
    readonly effect: Effect
    readonly hasLookup: boolean
  }[]
}

// Two engines in one process may share an agent: it is started once and closed by the last that leaves.
const holders = new WeakMap<BaseAgent, number>()

/** The agents of one engine, found by id or type. */
export class AgentRegistry {
  readonly #host: AgentHost
  readonly #byId = new Map<string, BaseAgent>()
  readonly #byType = new Map<string, BaseAgent[]>()
  #watch: AgentWatch | null = null
  #isStarted = false
  #isClosed = false

  /** What is left out of the host has the computer's own default. */
  constructor(host: Partial<AgentHost> = {}) {
    this.#host = { ...defaultHost, find: (name) => this.resolve(name), ...host }
  }

  /**
   * Adds an agent; after `start` it is started at once, in the background.
   *
   * @throws AgentModuleError for a duplicate id, or a setting that the agent's transport cannot honour.
   */
  register(agent: BaseAgent): void {
    if (this.#isClosed)
      throw moduleError(`agent '${agent.id}' is registered after the registry was closed`)
    if (this.#byId.has(agent.id)) {
      throw moduleError(`agent id '${agent.id}' is registered twice`, 'give one of them another id')
    }
    refuseUnsupported(agent.config)
    this.#byId.set(agent.id, agent)
    const ofType = this.#byType.get(agent.type)
    if (ofType === undefined) this.#byType.set(agent.type, [agent])
    else ofType.push(agent)
    holders.set(agent, (holders.get(agent) ?? 0) + 1)
    if (this.#isStarted) void this.#init(agent)
  }

  /** Starts every agent; those that fail are quarantined and logged. Never rejects. */
  async start(): Promise<void> {
    this.#isStarted = true
    await Promise.all([...this.#byId.values()].map((agent) => this.#init(agent)))
  }

  /** From now on `resolve` by type prefers agents that are available, and `list` has what the watch knows. */
  watchedBy(watch: AgentWatch): void {
    this.#watch = watch
  }

  /** Who watches the agents; null for nobody. */
  get watch(): AgentWatch | null {
    return this.#watch
  }

  /** Whether a watch lets the agent have new work; true where nobody watches. */
  isAvailable(agentId: string): boolean {
    return this.#watch?.isAvailable(agentId) ?? true
  }

  /**
   * The agent of that id, in whatever state; else, among those of that type, the ready one with the smallest
   * share of its places taken (the first registered of equals, the first of all when none is ready), one that a
   * watch finds available before one that it does not; undefined for an unknown name.
   */
  resolve(name: string): BaseAgent | undefined {
    const agent = this.#byId.get(name)
    if (agent !== undefined) return agent
    const ofType = this.#byType.get(name)
    if (ofType === undefined) return undefined
    let best: BaseAgent | undefined
    let bestLoad = Number.POSITIVE_INFINITY
    for (const candidate of ofType) {
      if (candidate.state !== 'ready') continue
      const { held, waiting, maxConcurrent } = candidate.pool
      // More than any load of one that is available.
      const penalty = this.isAvailable(candidate.id) ? 0 : Number.MAX_SAFE_INTEGER
      const load = (held + waiting) / maxConcurrent + penalty
      if (load >= bestLoad) continue
      best = candidate
      bestLoad = load
    }
    return best ?? ofType[0]
  }

  /** The ready agents that name a capability, in the order of registration. */
  withCapability(capability: string): BaseAgent[] {
    return this.agents().filter(
      (agent) => agent.state === 'ready' && agent.capabilities.includes(capability),
    )
  }

  /** What is journalled for an action of the agent that `resolve` gives now; undefined when either is unknown. */
  contract(name: string, action: string): ActionContract | undefined {
    return this.resolve(name)?.contract(action)
  }

  /** Every agent, in the order of registration. */
  agents(): BaseAgent[] {
    return [...this.#byId.values()]
  }

  /** Every id and type, for suggestions. */
  names(): string[] {
    return [...new Set([...this.#byId.keys(), ...this.#byType.keys()])]
  }

  /** What `aura agents ls` shows, sorted by id. */
  list(): AgentListing[] {
    return this.agents()
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map((agent) => listing(agent, this.#watch?.agent(agent.id)))
  }

  /** Drains all agents at the same time (at most `atMostMs`, default 30 s), then closes them. Never rejects. */
  async close(atMostMs?: number): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await Promise.all(
      this.agents().map(async (agent) => {
        const others = (holders.get(agent) ?? 1) - 1
        holders.set(agent, others)
        if (others > 0) return
        await agent.drain(atMostMs)
        await agent.close()
      }),
    )
  }

  async #init(agent: BaseAgent): Promise<void> {
    try {
      await agent.init(this.#host)
    } catch (error) {
      const fields = { agentId: agent.id, error: messageOf(error) }
      this.#host.logger.log('error', `agent ${agent.id} is quarantined`, fields)
    }
  }
}

function listing(agent: BaseAgent, watched: WatchedAgent | undefined): AgentListing {
  const actions = agent.actions.map((name) => {
    const { effect, hasLookup } = agent.contract(name) as ActionContract
    return { name, effect, hasLookup }
  })
  return {
    agentId: agent.id,
    agentType: agent.type,
    version: agent.version,
    description: agent.description,
    capabilities: agent.capabilities,
    transport: agent.transport.name ?? agent.config.communicationConfig.transport,
    state: agent.state,
    reason: agent.reason?.message ?? watched?.reason ?? null,
    running: agent.running,
    waiting: agent.pool.waiting,
    breaker: agent.pool.breaker?.view ?? null,
    ...conditionOf(watched),
    actions,
  }
}
