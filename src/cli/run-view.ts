import type { RunView, ShowView, StepRunView } from '../engine/index.ts'

/** The `run` object of an execution: what `aura show` prints without what only `show` has. */
export function runView(show: ShowView): RunView {
  const steps: Record<string, StepRunView> = {}
  for (const [id, step] of Object.entries(show.steps)) {
    const { status, attempts, output, error, degraded, startedAtMs, endedAtMs } = step
    steps[id] = { status, attempts, output, error, degraded, startedAtMs, endedAtMs }
  }
  const { executionId, workflow, version, status, output, error, degraded } = show
  return { executionId, workflow, version, status, output, error, degraded, steps }
}
