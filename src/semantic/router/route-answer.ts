import type { RouteExplanation } from './explanation.ts'
import type { RouteCandidate, RouteDecision } from './route-decision.ts'

/** A decision as commands, HTTP and the router agent give it: no key is absent, what does not apply is null. */
export interface RouteAnswer {
  readonly kind: RouteDecision['kind']
  readonly agent: string | null
  readonly intent: string | null
  readonly confidence: number | null
  readonly fit: number
  readonly stage: 'fast' | 'neural' | null
  readonly because: 'noAgents' | 'noWords' | 'nothingFits' | null
  readonly runnersUp: readonly RouteCandidate[]
  readonly fallbacks: readonly string[]
  /** Null when it was not asked for. */
  readonly explanation: RouteExplanation | null
}

const nobody = {
  agent: null,
  intent: null,
  confidence: null,
  stage: null,
  because: null,
  fallbacks: [],
}

export function routeAnswer(
  decision: RouteDecision,
  explanation: RouteExplanation | null = null,
): RouteAnswer {
  return { ...nobody, ...decision, explanation }
}
