import { assertNever } from '../../core/assert.ts'
import type { PolicyDecision } from '../../core/contracts/policy.ts'
import { OrchestrationError } from '../../core/errors.ts'
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import { voteDocument } from '../../patterns/index.ts'
import type { WorkflowData } from '../../workflow/index.ts'
import type { TdaContext } from '../../core/contracts/tda.ts'
import type { Coordination } from '../matcher/coordination.ts'
import type { SemanticEvent } from '../matcher/semantic-event.ts'
import { chooseAgents } from './choose-agents.ts'
import { adaptingDocument, eventWorkflows, handlingDocument, type Work } from './event-documents.ts'
import type { Advice, OrchestratedAgent, TaskRouter } from './orchestrator-ports.ts'
import type { SemanticOutcome } from './orchestrator-options.ts'

/** All that the handling of one event is planned from. */
export interface EventFacts {
  readonly event: Required<SemanticEvent>
  readonly tda: TdaContext
  readonly strategy: Coordination
  readonly advice: Advice
  /** What of the advice a policy has decided; kept in the journal. */
  readonly decision: PolicyDecision | null
  /** Open executions that it concerns. */
  readonly executions: readonly string[]
  readonly agents: readonly OrchestratedAgent[]
  readonly router: TaskRouter | null
  readonly action: string
  readonly voteField: string
}

/** The workflow that an event comes to. */
export interface PlannedEvent extends Omit<SemanticOutcome, 'executionId' | 'policy'> {
  readonly document: WorkflowData
  readonly input: JsonObject
}

/**
 * Plans what is done about an event, by its type. Starts nothing.
 *
 * @throws AgentUnavailableError when too few agents can be chosen; NotFoundError for an adaptation of which no
 *   execution is open that it means
 */
export function planEvent(facts: EventFacts): Promise<PlannedEvent> {
  switch (facts.event.eventType) {
    case 'tda_anomaly_detected':
      return planAnomaly(facts)
    case 'agent_consensus_required':
      return planVote(facts)
    case 'semantic_routing_needed':
      return planRouting(facts)
    case 'workflow_adaptation_required':
      return planAdaptation(facts)
    default:
      return assertNever(facts.event.eventType, 'event type')
  }
}

/** Running executions that it concerns are adapted; where there are none, or none admits it, agents handle it. */
async function planAnomaly(facts: EventFacts): Promise<PlannedEvent> {
  const work = await workOf(facts, facts.advice.pattern ?? facts.strategy)
  const { executions } = facts
  const common = { coordination: work.pattern, agents: work.agents, adapts: executions }
  if (executions.length === 0) {
    const document = handlingDocument(eventWorkflows.tda_anomaly_detected, work)
    return { ...common, kind: 'handled', document, input: inputOf(facts) }
  }
  const document = adaptingDocument(eventWorkflows.tda_anomaly_detected, work)
  const change = changeOf(facts, work.pattern)
  return { ...common, kind: 'adapts', document, input: { ...inputOf(facts), change } }
}

async function planAdaptation(facts: EventFacts): Promise<PlannedEvent> {
  const { executions, event } = facts
  if (executions.length === 0) {
    throw new OrchestrationError(
      'NotFoundError',
      `event '${event.eventId}' asks for an adaptation, and no execution that it means is open`,
      { hint: 'name it: semanticContext: { executionId } or { workflow }' },
    )
  }
  const document = adaptingDocument(eventWorkflows.workflow_adaptation_required, null)
  const change = changeOf(facts, facts.strategy)
  const none = { coordination: null, agents: [] }
  return {
    ...none,
    kind: 'adapts',
    adapts: executions,
    document,
    input: { ...inputOf(facts), change },
  }
}

/** One decision for one vote id, for ever: `ConsensusCoordinator` gives the same. */
async function planVote(facts: EventFacts): Promise<PlannedEvent> {
  const { action, agents, quorum, voteField: field } = await workOf(facts, 'consensus')
  const options = quorum === null ? { field } : { field, strategy: 'quorum' as const, quorum }
  const data = { context: facts.event.semanticContext, findings: findingsOf(facts) }
  const document = voteDocument({ agents, action, data, options })
  // Without a decision the input is the question alone, as `ConsensusCoordinator` asks it.
  const input = facts.decision === null ? data : { ...data, cause: causeOf(facts) }
  return { kind: 'votes', coordination: 'consensus', agents, adapts: [], document, input }
}

async function planRouting(facts: EventFacts): Promise<PlannedEvent> {
  const work = await workOf(facts, 'agent')
  const document = handlingDocument(eventWorkflows.semantic_routing_needed, work)
  const { agents } = work
  return { kind: 'routed', coordination: null, agents, adapts: [], document, input: inputOf(facts) }
}

/** With one agent alone nothing is to be coordinated. */
async function workOf(facts: EventFacts, wanted: Work['pattern']): Promise<Work> {
  const { advice, voteField, action } = facts
  const asked = numberIn(facts, 'quorum')
  const quorum = advice.quorum === undefined ? asked : Math.max(advice.quorum, asked ?? 0)
  const choice = { ...facts, allowed: advice.agents ?? null }
  const agents = await chooseAgents(choice, Math.max(1, wanted === 'consensus' ? (quorum ?? 1) : 1))
  const isAlone = agents.length === 1 && wanted === 'hierarchical'
  return { agents, action, pattern: isAlone ? 'agent' : wanted, quorum, voteField }
}

/** What the event says under `change`, else the pattern that was chosen; and what the advice adds. */
function changeOf({ event, advice, voteField }: EventFacts, pattern: Work['pattern']): JsonObject {
  const { change } = event.semanticContext
  const own = isJsonObject(change) ? change : patternChange(pattern, advice, voteField)
  const { maxParallel, pause, approval } = advice
  return {
    ...own,
    ...(advice.pattern === undefined ? {} : patternChange(advice.pattern, advice, voteField)),
    ...(maxParallel === undefined ? {} : { maxParallel }),
    ...(pause === undefined ? {} : { pause }),
    // An approval is put before a step that is named.
    ...(approval === undefined || own['step'] === undefined ? {} : { approval }),
  }
}

function patternChange(pattern: Work['pattern'], { quorum }: Advice, field: string): JsonObject {
  if (pattern === 'agent') return {}
  if (pattern !== 'consensus') return { pattern }
  return {
    pattern,
    options: quorum === undefined ? { field } : { field, strategy: 'quorum', quorum },
  }
}

function inputOf(facts: EventFacts): JsonObject {
  const { event, executions } = facts
  const { eventId, eventType, tdaCorrelation, semanticContext: context } = event
  const because = textIn(facts, 'because') ?? `${eventType} '${tdaCorrelation ?? eventId}'`
  return { context, findings: findingsOf(facts), executions, because, cause: causeOf(facts) }
}

/** Why it is done: the event, and the policy's decision with its rules where there is one. */
function causeOf({ event, decision }: EventFacts): JsonObject {
  const { eventId, eventType, tdaCorrelation, urgencyScore } = event
  const cause = { eventId, eventType, tdaCorrelation, urgencyScore }
  return decision === null ? cause : { ...cause, policy: decision as unknown as JsonObject }
}

function findingsOf({ event, tda }: EventFacts): JsonObject[] {
  const { findings } = event.semanticContext
  if (Array.isArray(findings)) return findings as JsonObject[]
  const isAnomaly = event.eventType === 'tda_anomaly_detected'
  return isAnomaly ? [event.semanticContext] : [...tda.anomalies]
}

function textIn({ event }: EventFacts, key: string): string | null {
  const value = event.semanticContext[key]
  return typeof value === 'string' && value !== '' ? value : null
}

function numberIn({ event }: EventFacts, key: string): number | null {
  const value = event.semanticContext[key]
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : null
}
