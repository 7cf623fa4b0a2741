import { type ErrorJson, fromErrorJson, OrchestrationError } from '../core/errors.ts'
import type { JsonValue } from '../core/json.ts'
import {
  documentError,
  readDocumentData,
  type StepData,
  type WorkflowData,
  type WorkflowDocument,
} from '../workflow/index.ts'
import type { RunView } from './workflow-engine.ts'

type CallOptions = Pick<Extract<StepData, { agent: string }>, 'timeout' | 'retry' | 'fallback'>

/** How a call outside a workflow is made. */
export interface InvokeOptions extends CallOptions {
  /**
   * Names the call: a second one under the same key is not made and gets what the first one got. An
   * execution id; default a new one.
   */
  readonly key?: string
  /** Whose budget it spends; default nobody's. */
  readonly tenant?: string
  readonly budget?: WorkflowData['budget']
}

const name = 'direct-call'
/** The one step of a call outside workflows. */
export const callStep = 'call'

/**
 * The execution that a call outside workflows is: one step, `call`, given the whole input.
 *
 * @throws DocumentError for names or options that no document could have
 */
export function directCallDocument(
  target: { readonly agent: string; readonly action: string },
  { tenant, budget, ...options }: Omit<InvokeOptions, 'key'> = {},
): WorkflowDocument {
  const { document, problems } = readDocumentData({
    name,
    version: '1.0.0',
    metadata: tenant === undefined ? {} : { tenant },
    ...(budget === undefined ? {} : { budget }),
    steps: { [callStep]: { ...target, ...options } },
  })
  if (document === null) throw documentError(problems)
  // The input as a whole: only a document that people write has to say it by keys.
  const call = { ...document.steps[callStep], with: '${ input }' }
  return { ...document, steps: { [callStep]: call } } as unknown as WorkflowDocument
}

/** @throws the error that the call failed with */
export function callOutput(run: RunView): JsonValue {
  const made = run.steps[callStep]
  if (run.status === 'completed' && made !== undefined) return made.output
  throw fromErrorJson(callError(run))
}

/** What the call failed with, or was cancelled by. */
export function callError(run: RunView): ErrorJson {
  const { executionId, status, error } = run
  // Retention has left no more than how it ended.
  if (run.steps[callStep] === undefined) return removed(run).toJSON()
  const message = `call '${executionId}' was ${status}`
  return error ?? new OrchestrationError('WorkflowCancelledError', message).toJSON()
}

function removed({ executionId, status }: RunView): OrchestrationError {
  const message = `call '${executionId}' was ${status}, and what came of it was removed by retention`
  return new OrchestrationError('NotFoundError', message, {
    hint: 'keep executions for longer (retention), or make the call under another key',
  })
}
