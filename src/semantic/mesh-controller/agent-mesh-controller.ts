import type { AgentWatch } from '../../agents/index.ts'
import type { Clock } from '../../core/clock.ts'
import type { EventSink } from '../../core/contracts/events.ts'
import type { TdaContextSource } from '../../core/contracts/tda.ts'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Logger, LogLevel } from '../../core/logger.ts'
import { nearestOrAll } from '../../core/nearest.ts'
import { rendezvous } from '../../core/rendezvous.ts'
import type { AgentLoad, AgentSource, MeshAgent } from './agent-source.ts'
import {
  newStanding,
  observed,
  quarantineDefaults,
  type QuarantineSettings,
  type Standing,
} from './standing.ts'

export interface AgentMeshOptions {
  readonly source: AgentSource
  readonly clock: Clock
  readonly logger: Logger
  /** Where changes are told, as `aura.agent.<change>`. Default nowhere. */
  readonly mesh?: EventSink
  /** Anomalies in an agent's resource quarantine it. Default none is known. */
  readonly tda?: TdaContextSource
  /** Sources of anomalies that are an agent's resource. Default its id and `agents/<id>`. */
  readonly resourcesOf?: (agentId: string) => readonly string[]
  /** Severity from which an anomaly quarantines. Default 0.8. */
  readonly anomalySeverityMin?: number
  /** How often the agents are looked at. Default 10 s. */
  readonly lookEveryMs?: number
  readonly quarantine?: Partial<QuarantineSettings>
}

/** An agent as the controller sees it. No key is absent. */
export interface AgentView {
  readonly agentId: string
  readonly agentType: string
  readonly capabilities: readonly string[]
  /** `unknown` before it was looked at, or while it starts. */
  readonly health: 'healthy' | 'unhealthy' | 'unknown'
  /** Why it is unhealthy; null when it is not. */
  readonly reason: string | null
  readonly load: AgentLoad
  readonly breaker: MeshAgent['breaker']
  readonly standing: Standing
  /** Whether it is given new work. */
  readonly available: boolean
}

/** What is told of an agent when it changes. */
type AgentChange =
  | 'discovered'
  | 'lost'
  | 'healthy'
  | 'unhealthy'
  | 'quarantined'
  | 'probing'
  | 'released'

const levels = {
  discovered: 'debug',
  lost: 'warn',
  healthy: 'debug',
  unhealthy: 'warn',
  quarantined: 'warn',
  probing: 'info',
  released: 'info',
} as const satisfies Record<AgentChange, LogLevel>

interface Known {
  agent: MeshAgent
  standing: Standing
  health: AgentView['health']
  reason: string | null
}

/**
 * Keeps watch over the agents: finds them, asks how they are, and keeps new work from those that are not well.
 * Everything it knows is of this process; a new one begins by looking. Work by the id of an agent still reaches
 * it, since nobody else could do it: its circuit breaker guards that.
 */
export class AgentMeshController implements AgentWatch {
  readonly #options: AgentMeshOptions
  readonly #settings: QuarantineSettings
  readonly #known = new Map<string, Known>()
  #byCapability: ReadonlyMap<string, readonly Known[]> = new Map()
  #looking: Promise<void> | null = null
  #disarm: (() => void) | null = null
  #isClosed = false
  #told = 0

  constructor(options: AgentMeshOptions) {
    this.#options = options
    this.#settings = { ...quarantineDefaults, ...options.quarantine }
    this.#discover()
  }

  /** Looks at once, and from then on every `lookEveryMs` until `close`. */
  start(): void {
    if (this.#isClosed) return
    void this.look().then(() => {
      if (this.#isClosed) return
      const { clock, lookEveryMs = 10_000 } = this.#options
      this.#disarm = clock.after(lookEveryMs, () => this.start())
    })
  }

  close(): void {
    this.#isClosed = true
    this.#disarm?.()
  }

  /** Finds agents and asks each how it is. Joined while it runs; never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null
    })
    return this.#looking
  }

  /** Every agent, by id. */
  agents(): readonly AgentView[] {
    return [...this.#known.values()]
      .map((known) => this.#view(known))
      .toSorted((a, b) => (a.agentId < b.agentId ? -1 : 1))
  }

  /** Undefined for an agent that is not known. */
  agent(agentId: string): AgentView | undefined {
    const known = this.#known.get(agentId)
    return known === undefined ? undefined : this.#view(known)
  }

  /** Whether it is given new work: known, ready, well, trusted, and its breaker not open. */
  isAvailable(agentId: string): boolean {
    const known = this.#known.get(agentId)
    return known !== undefined && isAvailable(known)
  }

  /** Available agents with a capability, those first that have the smallest share of their places taken. */
  withCapability(capability: string): readonly AgentView[] {
    return (this.#byCapability.get(capability) ?? [])
      .filter(isAvailable)
      .toSorted((a, b) => shareOf(a) - shareOf(b))
      .map((known) => this.#view(known))
  }

  /**
   * The agent that a key belongs to, among those that are available: always the same while they are.
   *
   * @param among ids, a capability, or by default all
   * @returns undefined when none is available
   */
  affine(
    key: string,
    among: { readonly capability?: string; readonly agentIds?: readonly string[] } = {},
  ): string | undefined {
    const { capability, agentIds } = among
    const asked =
      capability === undefined
        ? [...this.#known.values()]
        : (this.#byCapability.get(capability) ?? [])
    const members = asked
      .filter(isAvailable)
      .map(({ agent }) => agent.agentId)
      .filter((agentId) => agentIds === undefined || agentIds.includes(agentId))
    return rendezvous(key, members)
  }

  quarantine(agentId: string, reason: string, forMs?: number): void {
    const known = this.#mustKnow(agentId)
    const nowMs = this.#options.clock.nowMs()
    const { times } = known.standing
    const untilMs = forMs === undefined ? null : nowMs + forMs
    const cause = 'manual'
    this.#stand(known, { kind: 'quarantined', cause, reason, sinceMs: nowMs, untilMs, times })
  }

  release(agentId: string): boolean {
    const known = this.#mustKnow(agentId)
    if (known.standing.kind === 'trusted') return false
    this.#stand(known, newStanding)
    return true
  }

  async #look(): Promise<void> {
    this.#discover()
    await Promise.all(Array.from(this.#known.values(), (known) => this.#check(known)))
  }

  async #check(known: Known): Promise<void> {
    const { agent } = known
    const { state } = agent
    // One that starts or goes is not unwell.
    if (state !== 'ready' && state !== 'quarantined') return this.#hear(known, 'unknown', null)
    const { healthy, reason } = await agent.health()
    if (this.#isClosed || this.#known.get(agent.agentId) !== known) return
    const fault = agent.breaker === 'open' ? 'its circuit breaker is open' : reason
    const isWell = healthy && fault === null
    this.#hear(known, isWell ? 'healthy' : 'unhealthy', isWell ? null : (fault ?? state))
    const anomaly = this.#anomalyOf(agent.agentId)
    const { clock } = this.#options
    const now = { nowMs: clock.nowMs(), settings: this.#settings }
    const seen = { fault: known.reason, anomaly }
    this.#stand(known, observed(known.standing, seen, now))
  }

  /** The index is made anew: agents come and go seldom. */
  #discover(): void {
    const offered = new Map(this.#options.source.agents().map((agent) => [agent.agentId, agent]))
    for (const [agentId, known] of this.#known) {
      if (offered.has(agentId)) continue
      this.#known.delete(agentId)
      this.#tell('lost', known)
    }
    for (const [agentId, agent] of offered) {
      const known = this.#known.get(agentId)
      if (known !== undefined) {
        known.agent = agent
        continue
      }
      const fresh: Known = { agent, standing: newStanding, health: 'unknown', reason: null }
      this.#known.set(agentId, fresh)
      this.#tell('discovered', fresh)
    }
    const index = new Map<string, Known[]>()
    for (const known of this.#known.values()) {
      for (const capability of known.agent.capabilities)
        index.set(capability, [...(index.get(capability) ?? []), known])
    }
    this.#byCapability = index
  }

  #anomalyOf(agentId: string): string | null {
    const { tda, resourcesOf = ownResources, anomalySeverityMin = 0.8 } = this.#options
    if (tda === undefined) return null
    const resources = resourcesOf(agentId)
    const found = tda
      .current()
      .anomalies.find(
        ({ source, severity }) =>
          typeof source === 'string' &&
          resources.includes(source) &&
          Number(severity) >= anomalySeverityMin,
      )
    if (found === undefined) return null
    return `anomaly of severity ${Number(found['severity'])} in ${JSON.stringify(found['source'])}`
  }

  #hear(known: Known, health: AgentView['health'], reason: string | null): void {
    const before = known.health
    known.health = health
    known.reason = reason
    if (before !== health && health !== 'unknown') this.#tell(health, known)
  }

  #stand(known: Known, standing: Standing): void {
    const before = known.standing
    known.standing = standing
    const isKept = standing.kind === 'trusted' || before.sinceMs === standing.sinceMs
    if (before.kind === standing.kind && isKept) return
    this.#tell(standing.kind === 'trusted' ? 'released' : standing.kind, known)
  }

  #tell(change: AgentChange, known: Known): void {
    const { mesh, logger, clock } = this.#options
    const { agentId } = known.agent
    const reason = 'reason' in known.standing ? known.standing.reason : known.reason
    logger.log(levels[change], `agent ${agentId}: ${change}`, { agentId, reason })
    if (mesh === undefined) return
    const nowMs = clock.nowMs()
    const data: JsonObject = { agentId, change, reason, health: known.health, atMs: nowMs }
    const event = {
      id: `${nowMs}-${++this.#told}`,
      source: 'aura/agent-mesh',
      type: `aura.agent.${change}`,
      time: new Date(nowMs).toISOString(),
      subject: agentId,
      data,
      partitionkey: agentId,
    }
    mesh.publish(event).catch((thrown: unknown) => {
      logger.log('warn', `nobody hears that agent ${agentId} is ${change}: ${messageOf(thrown)}`)
    })
  }

  #mustKnow(agentId: string): Known {
    const known = this.#known.get(agentId)
    if (known !== undefined) return known
    const hint = nearestOrAll(agentId, [...this.#known.keys()])
    throw new OrchestrationError(
      'NotFoundError',
      `there is no agent '${agentId}'`,
      hint === null ? {} : { hint },
    )
  }

  #view(known: Known): AgentView {
    const { agent, standing, health, reason } = known
    const { agentId, agentType, capabilities, load, breaker } = agent
    const about = { agentId, agentType, capabilities, load, breaker }
    return { ...about, health, reason, standing, available: isAvailable(known) }
  }
}

function isAvailable({ agent, standing, health }: Known): boolean {
  return (
    standing.kind === 'trusted' &&
    health !== 'unhealthy' &&
    agent.state === 'ready' &&
    agent.breaker !== 'open'
  )
}

function shareOf({ agent: { load } }: Known): number {
  return (load.running + load.waiting) / load.maxConcurrent
}

function ownResources(agentId: string): readonly string[] {
  return [agentId, `agents/${agentId}`]
}
