import type { ExecutionStart } from './wire.ts'

/** What Temporal shows of an execution, and by which a repeated start is recognised. */
export function startMemo({ document, startHash, executionId, origin }: ExecutionStart) {
  const { name, version } = document
  const parent = origin.parent?.executionId ?? null
  return {
    memo: { executionId, workflow: name, version, startHash, parent },
    staticSummary: `${name} ${version}`,
  }
}
