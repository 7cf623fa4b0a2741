import { searchAttributes } from './search-attributes.ts'
import type { ExecutionStart } from './wire.ts'

/** What Temporal shows of an execution, by which it is found, and by which a repeated start is recognised. */
export function startMemo({ document, startHash, executionId }: ExecutionStart) {
  const { name, version } = document
  const { workflow, status, deadLetters } = searchAttributes
  return {
    memo: { executionId, workflow: name, version, startHash },
    staticSummary: `${name} ${version}`,
    typedSearchAttributes: [
      { key: workflow, value: name },
      { key: status, value: 'running' },
      { key: deadLetters, value: 0 },
    ],
  }
}
