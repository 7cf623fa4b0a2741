import { documentError } from './document-error.ts'
import { readDocumentData } from './read.ts'
import type { StepData, WorkflowData } from './workflow-data.ts'

export type { StepData, WorkflowData } from './workflow-data.ts'

/** Lets `needs` name only steps of the same document. */
type NeedsAmong<Ids extends string> = { readonly needs?: readonly Ids[] }

/**
 * Checks a workflow written in TypeScript and gives the data that the same document in YAML would:
 * plain JSON, defaults not filled in. `needs` is checked by the compiler, everything by the reader.
 *
 * @throws DocumentError with every problem in `details.problems`
 * @example
 * defineWorkflow({
 *   name: 'greet',
 *   version: '1.0.0',
 *   steps: {
 *     hello: { agent: 'greeter', action: 'greet', with: { name: '${ input.name }' } },
 *     rest: { needs: ['hello'], sleep: '5s' },
 *   },
 * })
 */
export function defineWorkflow<const Steps extends { readonly [stepId: string]: StepData }>(
  data: Omit<WorkflowData, 'steps'> & {
    readonly steps: Steps & { readonly [Id in keyof Steps]: NeedsAmong<keyof Steps & string> }
  },
): WorkflowData & { readonly steps: Steps } {
  const { problems, document } = readDocumentData(data)
  if (document === null) throw documentError(problems)
  return JSON.parse(JSON.stringify(data)) as WorkflowData & { readonly steps: Steps }
}
