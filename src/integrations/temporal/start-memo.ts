import { metadataWords, searchAttributes } from './search-attributes.ts'
import type { ExecutionStart } from './wire.ts'

/** What Temporal shows of an execution, by which it is found, and by which a repeated start is recognised. */
export function startMemo({ document, startHash, executionId }: ExecutionStart) {
  const { name, version, metadata } = document
  const { workflow, status, deadLetters } = searchAttributes
  const words = metadataWords(metadata)
  return {
    memo: { executionId, workflow: name, version, startHash, metadata },
    staticSummary: `${name} ${version}`,
    typedSearchAttributes: [
      { key: workflow, value: name },
      { key: status, value: 'running' },
      { key: deadLetters, value: 0 },
      ...(words.length === 0 ? [] : [{ key: searchAttributes.metadata, value: words }]),
    ],
  }
}
