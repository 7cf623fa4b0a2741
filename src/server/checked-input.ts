import { z } from 'zod'
import { OrchestrationError } from '../core/errors.ts'
import { nearestOrAll } from '../core/nearest.ts'
import type { Problem } from '../workflow/index.ts'

/** What is read, for a refusal. */
export interface InputPlace {
  /** `body`, `query`, `header` or `path`. */
  readonly name: string
  readonly hints?: Readonly<Record<string, string>>
}

/**
 * A value as its schema says.
 *
 * @throws InputError with all problems in its details
 */
export function checked<T>(schema: z.ZodType<T>, value: unknown, place: InputPlace): T {
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const problems = read.error.issues.flatMap((issue) => problemsOf(schema, issue, place))
  const first = problems[0]
  throw new OrchestrationError('InputError', `${first?.path ?? place.name}: ${first?.message}`, {
    details: { problems: problems.map((problem) => ({ ...problem })) },
    ...(first?.hint == null ? {} : { hint: first.hint }),
  })
}

function problemsOf(schema: z.ZodType, issue: z.core.$ZodIssue, place: InputPlace): Problem[] {
  const path = [place.name, ...issue.path.map(String)].join('.')
  if (issue.code === 'unrecognized_keys') {
    const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
    return issue.keys.map((key) =>
      problem(`${path}.${key}`, {
        message: `unknown key '${key}'`,
        hint: place.hints?.[key] ?? (issue.path.length === 0 ? nearestOrAll(key, known) : null),
      }),
    )
  }
  return [problem(path, { message: lower(issue.message), hint: null })]
}

function problem(path: string, { message, hint }: Pick<Problem, 'message' | 'hint'>): Problem {
  return {
    file: null,
    line: null,
    column: null,
    path,
    message,
    found: null,
    expected: null,
    hint,
    level: 'error',
  }
}

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}
