import type { SemanticEvent } from '../matcher/semantic-event.ts'
import type { FindExecutions } from './orchestrator-ports.ts'

/** Executions that one event may adapt. */
const executionsMax = 100

/**
 * The open executions that an event concerns: those that its context names (`executionId`, `executions`), or those
 * of its `workflow`; of an anomaly also those whose documents say `metadata: { tdaSource }` with its source.
 */
export function concernedBy(
  { eventType, semanticContext }: SemanticEvent,
  find: FindExecutions,
): readonly string[] {
  const { executionId, executions, workflow, source } = semanticContext
  const named = [executionId, ...(Array.isArray(executions) ? executions : [])].filter(isText)
  if (named.length > 0) return unique(named)
  if (isText(workflow)) return unique(find({ workflow }))
  const isAnomaly = eventType === 'tda_anomaly_detected'
  return isAnomaly && isText(source) ? unique(find({ metadata: { tdaSource: source } })) : []
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function unique(ids: readonly string[]): readonly string[] {
  return [...new Set(ids)].slice(0, executionsMax)
}
