import { isOrchestrationError, messageOf, toErrorJson } from '../core/errors.ts'
import type { ErrorJson } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { CommandContext } from './command-context.ts'
import { problemBlock } from './problem-report.ts'
import { plainLines } from './terminal/width.ts'

/** Tells why a verb did not do its work: `{ error }` on stdout with `--json`, sentences on stderr without. */
export function reportError(context: CommandContext, thrown: unknown): void {
  const error = toErrorJson(thrown, 'InternalError')
  if (context.isJson) context.json({ error })
  else context.note(errorText(context, error))
  if (isOrchestrationError(thrown) && thrown.code !== 'InternalError') return
  const stack = thrown instanceof Error ? thrown.stack : undefined
  context.note(context.paintErr.dim(stack ?? messageOf(thrown)))
}

function errorText(context: CommandContext, error: ErrorJson): string {
  const paint = context.paintErr
  const problems = problemsOf(error.details)
  const lines = plainLines(error.message).map((line, i) =>
    i === 0 ? `${paint.red('error:')} ${line}` : line,
  )
  if (problems.length > 0) lines.push(...problems.map((problem) => problemBlock(problem, paint)))
  if (error.hint !== null) lines.push(`${paint.cyan('hint:')} ${plainLines(error.hint).join('\n')}`)
  return lines.join('\n')
}

function problemsOf(details: JsonObject | null): readonly JsonObject[] {
  const problems: JsonValue | undefined = details?.problems
  return Array.isArray(problems) ? (problems as readonly JsonObject[]) : []
}
