/** Somebody who watches the agents of a registry and says which are to be given no new work. */
export interface AgentWatch {
  /** Whether the agent is given new work where another one could do it. */
  isAvailable(agentId: string): boolean
  /** What is known of the agent; undefined for one that is not watched. */
  agent(agentId: string): WatchedAgent | undefined
  /**
   * Keeps new work from an agent.
   *
   * @param forMs how long; default until `release`
   * @throws NotFoundError
   */
  quarantine(agentId: string, reason: string, forMs?: number): void
  /** Ends a quarantine of any cause. False when there is none. @throws NotFoundError */
  release(agentId: string): boolean
}

/** What a watch knows of an agent. */
export interface WatchedAgent {
  readonly health: 'healthy' | 'unhealthy' | 'unknown'
  /** Why it is unhealthy; null when it is not. */
  readonly reason: string | null
  readonly standing:
    | { readonly kind: 'trusted' }
    | {
        readonly kind: 'quarantined' | 'probing'
        readonly cause: string
        readonly reason: string
        /** Of a quarantine: null until somebody releases it. */
        readonly untilMs?: number | null
      }
}

/** How an agent is doing, as `aura agents ls` shows it. */
export interface AgentCondition {
  readonly health: WatchedAgent['health']
  /** Null when it is not kept from new work. */
  readonly quarantine: {
    readonly cause: string
    readonly reason: string
    /** Null until somebody releases it, or while it is being tried out. */
    readonly untilMs: number | null
    /** Its time is over, and it is observed before it is trusted again. */
    readonly isProbing: boolean
  } | null
}

/** The condition that a watch tells of; `unknown` and no quarantine where nobody watches. */
export function conditionOf(watched: WatchedAgent | undefined): AgentCondition {
  if (watched === undefined) return { health: 'unknown', quarantine: null }
  const { health, standing } = watched
  if (standing.kind === 'trusted') return { health, quarantine: null }
  const { cause, reason, untilMs = null, kind } = standing
  return { health, quarantine: { cause, reason, untilMs, isProbing: kind === 'probing' } }
}
