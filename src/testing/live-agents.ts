import {
  type AgentCall,
  type AgentPool,
  agentPool,
  type BaseAgent,
  type RunningCall,
  type Settle,
} from '../agents/index.ts'
import type { BudgetLimit } from '../core/contracts/budget.ts'
import type { Clock } from '../core/clock.ts'
import type { ActionContract, LookupOutcome } from '../core/contracts/call.ts'
import type { JsonValue } from '../core/json.ts'
import type { AgentDirectory, EngineAgent } from '../engine/index.ts'
import { Delivery, type DeliveryPlan } from './delivery.ts'
import type { OpenCalls } from './open-calls.ts'

/** One delivery of a call, as a test sees it. */
export interface TestCall {
  readonly executionId: string
  readonly stepId: string
  /** Position in the step's `forEach`; null without one. */
  readonly index: number | null
  readonly agent: string
  readonly action: string
  readonly input: JsonValue
  /** The same for every attempt and re-delivery of this call. */
  readonly key: string
  readonly attempt: number
  /** When it was delivered, since the test began. */
  readonly atMs: number
  /** `open` while it runs, `lost` when its process was killed before it answered. */
  readonly outcome: 'open' | 'completed' | 'failed' | 'unknown' | 'suspended' | 'lost'
  /** Null unless completed. */
  readonly output: JsonValue
}

/** What the agents of one life of a process share. */
export interface LifeParts {
  readonly clock: Clock
  /** Told each delivery. */
  readonly calls: { -readonly [Key in keyof TestCall]: TestCall[Key] }[]
  readonly open: OpenCalls
  /** Monotonic time at which the test began. */
  readonly startMs: number
  /** What becomes of a delivery. Default: the agent runs at once, and its answer arrives at once. */
  readonly plan: (
    call: AgentCall,
    at: { readonly contract: ActionContract; readonly action: string },
  ) => DeliveryPlan
  /** The agent's function is about to run; gives what is told when it has completed. */
  readonly running: (
    call: AgentCall,
    at: { readonly contract: ActionContract; readonly action: string },
  ) => (output: JsonValue) => void
  /** The process ends inside a call. */
  readonly crash: () => void
}

/** The agents of a test as one life of its process reaches them; their pools are empty when it begins. */
export class LiveAgents implements AgentDirectory {
  readonly #byId = new Map<string, LiveAgent>()
  readonly #all: readonly LiveAgent[]
  readonly #deliveries = new Set<Delivery>()
  #isDead = false

  constructor(agents: readonly BaseAgent[], life: LifeParts) {
    this.#all = agents.map(
      (agent) => new LiveAgent(agent, life, this.#deliveries, () => this.#isDead),
    )
    for (const agent of this.#all) this.#byId.set(agent.id, agent)
  }

  resolve(name: string): EngineAgent | undefined {
    const known = this.#byId.get(name)
    if (known !== undefined) return known
    return this.#all.filter(({ type }) => type === name).toSorted((a, b) => a.load - b.load)[0]
  }

  /** kill -9: no call of this life answers any more; their signals are aborted. */
  die(): void {
    this.#isDead = true
    for (const delivery of Array.from(this.#deliveries)) delivery.die()
  }
}

class LiveAgent implements EngineAgent {
  readonly id: string
  readonly type: string
  readonly pool: AgentPool
  readonly #agent: BaseAgent
  readonly #life: LifeParts
  readonly #deliveries: Set<Delivery>
  readonly #isDead: () => boolean

  constructor(agent: BaseAgent, life: LifeParts, deliveries: Set<Delivery>, isDead: () => boolean) {
    this.id = agent.id
    this.type = agent.type
    this.pool = agentPool(agent.config, { isFull: () => false, clock: () => life.clock })
    this.#agent = agent
    this.#life = life
    this.#deliveries = deliveries
    this.#isDead = isDead
  }

  get budget(): BudgetLimit | null {
    return this.#agent.budget
  }

  get load(): number {
    return (this.pool.held + this.pool.waiting) / this.pool.maxConcurrent
  }

  contract(action: string): ActionContract | undefined {
    return this.#agent.contract(action)
  }

  invoke(action: string, call: AgentCall, settle: Settle): RunningCall {
    const delivery = new Delivery({
      agent: this.#agent,
      action,
      call,
      settle,
      life: this.#life,
      over: () => this.#deliveries.delete(delivery),
    })
    if (this.#isDead()) return delivery
    this.#deliveries.add(delivery)
    delivery.begin()
    return delivery
  }

  lookup(action: string, idempotencyKey: string): Promise<LookupOutcome> {
    const close = this.#life.open.add()
    return this.#agent.lookup(action, idempotencyKey).finally(close)
  }
}
