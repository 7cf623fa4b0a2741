import type { PatternName } from '../../core/contracts/pattern.ts'
import type { JsonObject } from '../../core/json.ts'
import type { StepData, WorkflowData } from '../../workflow/index.ts'

/** Who does the work that an event asks for, and how. */
export interface Work {
  /** The likeliest first; of a hierarchy it supervises. */
  readonly agents: readonly string[]
  readonly action: string
  /** `agent`: one of them, the others are fallbacks. */
  readonly pattern: PatternName | 'agent'
  /** Of a vote; null for the pattern's default. */
  readonly quorum: number | null
  /** Where an answer has its vote. */
  readonly voteField: string
}

/** The agent that adapts executions, and its action. */
export const adapter = { agent: 'orchestrator', action: 'adapt' } as const

/** The workflow that an event comes to, by its type. */
export const eventWorkflows = {
  tda_anomaly_detected: 'semantic-anomaly',
  agent_consensus_required: 'vote',
  semantic_routing_needed: 'semantic-routing',
  workflow_adaptation_required: 'semantic-adaptation',
} as const

const given = { context: '${ input.context }', findings: '${ input.findings }' }

/** Work by a pattern, which falls back to a simpler one and then to one agent after the other. */
export function handlingDocument(name: string, work: Work): WorkflowData {
  return document(name, { handle: workStep(work) }, '${ steps.handle.output }')
}

/** Adapts executions; what an anomaly asks for and none of them admits is handled as work of its own. */
export function adaptingDocument(name: string, orElse: Work | null): WorkflowData {
  const adapt: StepData = {
    ...adapter,
    forEach: 'input.executions',
    with: {
      executionId: '${ item }',
      id: '${ input.adaptationId }',
      change: '${ input.change }',
      because: '${ input.because }',
      cause: '${ input.cause }',
      mayRefuse: orElse !== null,
    },
  }
  if (orElse === null) return document(name, { adapt }, { adapted: '${ steps.adapt.output }' })
  const handle: StepData = {
    ...workStep(orElse),
    needs: ['adapt'],
    when: '!steps.adapt.output.exists(one, one.adaptationId != null)',
  }
  const output = { adapted: '${ steps.adapt.output }', handled: '${ steps.handle.output }' }
  return document(name, { adapt, handle }, output)
}

function document(
  name: string,
  steps: WorkflowData['steps'],
  output: string | JsonObject,
): WorkflowData {
  return { name, version: '1.0.0', description: 'What a semantic event asks for', steps, output }
}

function workStep({ agents, action, pattern, quorum, voteField: field }: Work): StepData {
  const [first = '', ...others] = agents
  const one = (agent: string) => ({ agent, action })
  if (pattern === 'agent') return { ...one(first), with: given, fallback: others.map(one) }
  const simpler = { pattern: 'pipeline', agents, action } as const
  const step = { pattern, agents, action, with: given }
  if (pattern === 'consensus') {
    // A vote that comes to nothing is an answer: nobody else decides in its place.
    const options = quorum === null ? { field } : { field, strategy: 'quorum' as const, quorum }
    return { ...step, options }
  }
  return { ...step, fallback: [...(pattern === 'pipeline' ? [] : [simpler]), ...agents.map(one)] }
}
