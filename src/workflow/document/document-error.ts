import { OrchestrationError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Problem } from './problem.ts'

/** The error that carries all problems of a document in `details.problems`. */
export function documentError(problems: readonly Problem[]): OrchestrationError {
  const errors = problems.filter((problem) => problem.level === 'error')
  const [first] = errors
  const where = first?.path === null || first === undefined ? '' : `${first.path}: `
  const more = errors.length > 1 ? `, and ${errors.length - 1} more` : ''
  return new OrchestrationError(
    'DocumentError',
    `${where}${first?.message ?? 'the document is not valid'}${more}`,
    {
      details: { problems: problems.map((problem): JsonObject => ({ ...problem })) },
      ...(first?.hint === null || first === undefined ? {} : { hint: first.hint }),
    },
  )
}
