import { OrchestrationError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { Problem } from '../workflow/index.ts'

/** The error for an input that a document refuses; all problems are in its details. */
export function inputRefusal(workflow: string, problems: readonly Problem[]): OrchestrationError {
  const first = problems[0]
  return new OrchestrationError(
    'InputError',
    `the input of '${workflow}' is not valid: ${first?.path ?? 'input'}: ${first?.message ?? 'must be an object'}`,
    { ...(first?.hint == null ? {} : { hint: first.hint }), details: problemDetails(problems) },
  )
}

function problemDetails(problems: readonly Problem[]): JsonObject {
  return { problems: problems.map((problem) => ({ ...problem })) }
}
