import type { Clock } from '../../core/clock.ts'
import type { PolicyDecision } from '../../core/contracts/policy.ts'
import type { TdaContextSource } from '../../core/contracts/tda.ts'
import type { Logger } from '../../core/logger.ts'
import type { SemanticPatternMatcher } from '../matcher/semantic-pattern-matcher.ts'
import type { OrchestratorAgent } from './orchestrator-agent.ts'
import type {
  Advisor,
  FindExecutions,
  OrchestratedAgent,
  OrchestratorEngine,
  TaskRouter,
} from './orchestrator-ports.ts'

export interface SemanticOrchestratorOptions {
  readonly engine: OrchestratorEngine
  /** Registered with that engine; adapts executions for events. */
  readonly agent: OrchestratorAgent
  /** Agents that may be chosen; asked for each event. */
  readonly agents: () => readonly OrchestratedAgent[]
  /** Which open executions an event means that names none. Default: it means none. */
  readonly findExecutions?: FindExecutions
  /** Default: one without declared patterns. */
  readonly matcher?: SemanticPatternMatcher
  /** Default: agents are chosen by hints, then in their order. */
  readonly router?: TaskRouter
  /** Default: no feed, and every event is judged by itself. */
  readonly tda?: TdaContextSource
  /** Asked before anything is done, beside the policy in force, which binds it. Default: nobody. */
  readonly advisor?: Advisor
  /** The complexity over which work is coordinated hierarchically. Default 0.8. */
  readonly hierarchicalAbove?: number
  /** What is called of agents where an event names no action. Default `decide`, which the built-in agents have. */
  readonly action?: string
  /** Where an answer to that action has its vote. Default `severity`. */
  readonly voteField?: string
  /** Events of one type from the mesh that are handled at the same time. Default 16. */
  readonly maxConcurrent?: number
  /** Of a burst about the same thing only the last event is handled, once it was quiet so long. Default 0: each is. */
  readonly debounceMs?: number
  /** For debouncing. Default the computer's. */
  readonly clock?: Clock
  readonly logger?: Logger
}

/** What has been begun for an event. */
export interface SemanticOutcome {
  /** The execution that handles it; the same for every repeat of the event, and for every event of one vote. */
  readonly executionId: string
  /** `repeat`: it was begun before, and nothing more was done. */
  readonly kind: 'handled' | 'adapts' | 'votes' | 'routed' | 'repeat'
  /** How the agents work together; null where none are asked, and for a repeat. */
  readonly coordination: string | null
  /** Agents that were chosen, the likeliest first. */
  readonly agents: readonly string[]
  /** Executions that are to be adapted. */
  readonly adapts: readonly string[]
  /** Pattern, quorum or agents that a policy has decided, with the deciding rules; null where it said nothing of them. */
  readonly policy: PolicyDecision | null
}
