import type { CompensationReport } from './events.ts'
import type { ExecutionState } from './state.ts'

/** What is told of an execution that ends after something was undone; null for one in which nothing was. */
export function compensationReport(state: ExecutionState): CompensationReport | null {
  if (state.phase !== 'compensating' || state.result === 'completed') return null
  const { executionId, steps, error, deadLetters, tda, event } = state
  const failedStep = error?.details?.['stepId']
  const notCompensated = new Set<string>()
  for (const { undo, stepId } of deadLetters.values())
    if (undo !== null && stepId !== null) notCompensated.add(stepId)
  const compensated = steps.flatMap(({ plan, view }) =>
    view.status === 'compensated' ? [plan.id] : [],
  )
  if (compensated.length === 0 && notCompensated.size === 0) return null
  return {
    key: `${executionId}/compensated/${state.seq + 1}`,
    correlationId:
      textOf(tda?.['correlationId']) ?? textOf(event?.['correlationid']) ?? executionId,
    failedStep: textOf(failedStep),
    compensated,
    notCompensated: [...notCompensated],
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
