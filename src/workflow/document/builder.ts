import { documentError } from './document-error.ts'
import { readDocumentData } from './read.ts'
import type {
  AgentStepData,
  PatternStepData,
  SleepStepData,
  StepData,
  WaitStepData,
  WorkflowData,
  WorkflowStepData,
} from './workflow-data.ts'

export type { StepData, WorkflowData } from './workflow-data.ts'

type StepKey =
  | keyof AgentStepData
  | keyof PatternStepData
  | keyof WorkflowStepData
  | keyof WaitStepData
  | keyof SleepStepData

/** Lets `needs` name only steps of the same document, and a step have only keys that exist. */
type Checked<Step, Ids extends string> = { readonly needs?: readonly Ids[] } & {
  readonly [Key in Exclude<keyof Step, StepKey>]: never
}

/**
 * Checks a workflow written in TypeScript and gives the data that the same document in YAML would:
 * plain JSON, frozen, defaults not filled in. `needs` is checked by the compiler, everything by the reader.
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
    readonly steps: Steps & {
      readonly [Id in keyof Steps]: Checked<Steps[Id], keyof Steps & string>
    }
  },
): WorkflowData & { readonly steps: Steps } {
  const { problems, document } = readDocumentData(data)
  if (document === null) throw documentError(problems)
  const own = deepFreeze(
    JSON.parse(JSON.stringify(data)) as WorkflowData & { readonly steps: Steps },
  )
  defined.add(own)
  return own
}

const defined = new WeakSet<object>()

/** Whether the data came from `defineWorkflow`: it is valid and cannot change any more. */
export function isDefined(data: WorkflowData): boolean {
  return defined.has(data)
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) deepFreeze(part)
    Object.freeze(value)
  }
  return value
}
