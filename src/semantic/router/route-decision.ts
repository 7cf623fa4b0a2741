import type { TaskContext } from './agent-profile.ts'

/** What is to be routed. */
export interface RouteTask {
  /** At most `limits.taskCharactersMax` characters, in any language. */
  readonly text: string
  /** The TDA context in force, for instance `ctx.tda`; left out or unavailable: routed by the text alone. */
  readonly tda?: TaskContext
  /** Agents to choose among; left out: all. */
  readonly candidates?: readonly string[]
}

/** An agent that a task might go to. */
export interface RouteCandidate {
  readonly agent: string
  /** Its likeliest intent; the agent's own name where it has only one. */
  readonly intent: string
  /** How probable it is that this agent is the right one, given that one fits; 0 to 1, calibrated. */
  readonly confidence: number
}

/** Where a task goes. `fit` is how probable it is that any agent fits, 0 to 1. */
export type RouteDecision =
  | {
      readonly kind: 'routed'
      readonly agent: string
      readonly intent: string
      readonly confidence: number
      readonly fit: number
      /** `neural`: the words alone were not sure enough, and the embedder was asked. */
      readonly stage: 'fast' | 'neural'
      /** The next likely agents, at most 4, the likeliest first. */
      readonly runnersUp: readonly RouteCandidate[]
      /** Runners-up that are likely enough to be tried when the agent fails; a document's `fallback` may name them. */
      readonly fallbacks: readonly string[]
    }
  | {
      readonly kind: 'noAgent'
      /** `noAgents`: there is none to choose. `noWords`: the text has nothing that any agent was known by. */
      readonly because: 'noAgents' | 'noWords' | 'nothingFits'
      readonly fit: number
      readonly runnersUp: readonly RouteCandidate[]
    }

/** A task and the agent that did it to somebody's satisfaction. */
export interface AcceptedOutcome {
  readonly text: string
  readonly agent: string
  /** Left out: the agent's likeliest intent. */
  readonly intent?: string
  readonly tda?: TaskContext
}
