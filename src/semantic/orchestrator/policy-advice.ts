import { assertNever } from '../../core/assert.ts'
import type { PolicyDecision, PolicyQuestion, PolicyStep } from '../../core/contracts/policy.ts'
import type { CloudEvent } from '../../core/contracts/events.ts'
import type { PatternName } from '../../core/contracts/pattern.ts'
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import type { PolicyAdviser } from '../../workflow/index.ts'
import type { Coordination } from '../matcher/coordination.ts'
import type { SemanticEvent } from '../matcher/semantic-event.ts'
import { eventWorkflows } from './event-documents.ts'
import type { Advice, OrchestratedAgent } from './orchestrator-ports.ts'

/** What is known of an event's handling before anything is planned. */
export interface AdvisedEvent extends Pick<PolicyQuestion, 'tda'> {
  readonly executionId: string
  readonly event: Required<SemanticEvent>
  /** The event as it came, which rules read. */
  readonly origin: CloudEvent
  readonly strategy: Coordination
  readonly action: string
  /** Those that have the action. */
  readonly agents: readonly OrchestratedAgent[]
  readonly nowMs: number
}

/**
 * Asks the policy in force how an event is to be handled: by which pattern, by how many and by whom. What else it
 * says (`maxParallel`, `budget`, `approval`) the engine sees to when the execution is there.
 *
 * @returns the advice, with the decision for the journal; empty when no rule says anything
 * @throws PolicyError when a rule cannot be evaluated: nothing is begun that a policy cannot judge
 */
export function policyAdvice(
  policies: PolicyAdviser,
  asked: AdvisedEvent,
): { readonly advice: Advice; readonly decision: PolicyDecision | null } {
  const { event, executionId, tda, origin, nowMs } = asked
  const step = stepOf(asked)
  const decision = policies.decide({
    event: origin as unknown as JsonObject,
    tda,
    execution: {
      id: executionId,
      workflow: eventWorkflows[event.eventType],
      version: '1.0.0',
      metadata: {},
      input: { context: event.semanticContext },
      tenant: null,
      startedAtMs: nowMs,
    },
    cost: { agentCalls: 0, tokens: 0, costUsd: 0 },
    step,
  })
  const { pattern, quorum, agents } = decision?.values ?? {}
  const advice = {
    // As for steps: one that calls by no pattern is left alone.
    ...(pattern === undefined || step.patterns.length === 0 ? {} : { pattern }),
    ...(quorum === undefined ? {} : { quorum }),
    ...(agents === undefined ? {} : { agents }),
  }
  return { advice, decision: Object.keys(advice).length === 0 ? null : decision }
}

/** Both hold: of patterns the policy's, of quorums the higher, of agents those that both allow. */
export function bothOf(advised: Advice, policy: Advice): Advice {
  const { quorum = policy.quorum, agents = policy.agents } = advised
  return {
    ...advised,
    ...policy,
    ...(quorum === undefined ? {} : { quorum: Math.max(quorum, policy.quorum ?? quorum) }),
    ...(agents === undefined
      ? {}
      : { agents: agents.filter((id) => policy.agents?.includes(id) ?? true) }),
  }
}

/** The step that would do the work, as far as it can be known before it is planned. */
function stepOf({ event, strategy, action, agents }: AdvisedEvent): PolicyStep {
  const common = { action, agents: agents.map(({ id }) => id), maxParallel: 1 }
  switch (event.eventType) {
    case 'tda_anomaly_detected':
      return { ...common, id: 'handle', kind: 'pattern', patterns: [strategy] }
    case 'agent_consensus_required':
      return { ...common, id: 'vote', kind: 'pattern', patterns: ['consensus'] }
    case 'semantic_routing_needed':
      return { ...common, id: 'handle', kind: 'agent', patterns: [] }
    case 'workflow_adaptation_required':
      return { ...common, id: 'adapt', kind: 'agent', patterns: patternsOf(event), agents: [] }
    default:
      return assertNever(event.eventType, 'event type')
  }
}

/** The pattern that an adaptation asks for, if any. */
function patternsOf({ semanticContext: { change } }: SemanticEvent): readonly PatternName[] {
  const pattern = isJsonObject(change) ? change['pattern'] : undefined
  return typeof pattern === 'string' ? [pattern as PatternName] : []
}
