import { type ExecutionState, type StepState, stepStatus } from '../../workflow/index.ts'
import type { ExecutionRow } from '../journal/journal.ts'
import type { Degradation, RunView, StepRunView } from '../workflow-engine.ts'

/** An execution as `aura run` prints it. */
export function runView(
  row: Pick<ExecutionRow, 'executionId' | 'workflow' | 'version'>,
  state: ExecutionState,
  status: string,
): RunView {
  const steps: Record<string, StepRunView> = {}
  for (const step of state.steps) steps[step.plan.id] = stepRunView(step)
  return {
    executionId: row.executionId,
    workflow: row.workflow,
    version: row.version,
    status,
    output: state.output,
    error: state.error,
    degraded: degradations(state),
    steps,
  }
}

/** An execution of which retention has left no more than how it ended. */
export function prunedView(row: ExecutionRow): RunView {
  const { executionId, workflow, version, status } = row
  return {
    executionId,
    workflow,
    version,
    status,
    output: null,
    error: null,
    degraded: [],
    steps: {},
  }
}

export function stepRunView(step: StepState): StepRunView {
  return {
    status: stepStatus(step),
    attempts: step.attempts,
    output: step.view.output,
    error: step.view.error,
    degraded: step.degraded,
    startedAtMs: step.startedAtMs,
    endedAtMs: step.endedAtMs,
  }
}

function degradations(state: ExecutionState): readonly Degradation[] {
  const list: Degradation[] = []
  for (const step of state.steps) {
    if (step.degraded !== null) list.push({ stepId: step.plan.id, ...step.degraded })
  }
  return list
}
