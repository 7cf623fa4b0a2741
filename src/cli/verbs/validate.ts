import { resolve } from 'node:path'
import { isOrchestrationError, messageOf } from '../../core/errors.ts'
import type { KnownWorkflows, Problem } from '../../workflow/index.ts'
import { agentsOf, knownAgents } from '../agents.ts'
import type { CommandContext } from '../command-context.ts'
import { readDocumentFile } from '../document-file.ts'
import { exitCodes } from '../exit-code.ts'
import { WorkflowsAtHand } from '../known-workflows.ts'
import { problemBlock } from '../problem-report.ts'

/**
 * `aura validate F… [--agents M]…`: everything that is wrong with documents. Without `--agents` an
 * agent that is not built in is a warning only, and so is a workflow that is neither beside the document
 * nor given nor registered in the file: where it is to run it may be. A module that cannot be loaded is a problem too, so
 * that the output always has its own shape.
 */
export async function validate(
  context: CommandContext,
  files: readonly string[],
  modules: readonly string[],
): Promise<number> {
  const problems: Problem[] = []
  const agents = await agentsOf(context, modules)
    .then((found) => knownAgents(found, modules.length > 0 ? 'error' : 'warning'))
    .catch((thrown: unknown) => {
      problems.push(moduleProblem(thrown))
      return undefined
    })
  const pathOf = (file: string): string => resolve(context.cwd, file)
  const atHand = new WorkflowsAtHand(
    context,
    files.length === 1 ? [] : files.map((file) => readDocumentFile(file, pathOf(file))),
  )
  for (const file of files) {
    const path = pathOf(file)
    const workflowsOf = (text: string): KnownWorkflows | undefined =>
      knownWorkflows(atHand, { text, path })
    problems.push(...readDocumentFile(file, path, { agents, workflowsOf }).problems)
  }
  const valid = !problems.some((problem) => problem.level === 'error')
  if (context.isJson) context.json({ valid, problems })
  else report(context, { files, problems, valid })
  return valid ? exitCodes.done : exitCodes.refused
}

/** Undefined when nobody can say: documents are validated beside a file that is damaged too. */
function knownWorkflows(
  atHand: WorkflowsAtHand,
  document: { readonly text: string; readonly path: string },
): KnownWorkflows | undefined {
  try {
    return atHand.knownTo(document, 'warning')
  } catch (thrown) {
    if (isOrchestrationError(thrown)) return undefined
    throw thrown
  }
}

function report(
  context: CommandContext,
  result: {
    readonly files: readonly string[]
    readonly problems: readonly Problem[]
    readonly valid: boolean
  },
): void {
  const paint = context.paintOut
  for (const problem of result.problems) context.say(problemBlock({ ...problem }, paint))
  const errors = result.problems.filter((problem) => problem.level === 'error').length
  const warnings = result.problems.length - errors
  const counts = [count(errors, 'error'), count(warnings, 'warning')]
    .filter((part) => part !== '')
    .join(', ')
  const what =
    result.files.length === 1 ? (result.files[0] as string) : `${result.files.length} documents`
  const verdict = result.valid
    ? `${paint.green('✔')} ${what}: valid`
    : `${paint.red('✘')} ${what}: not valid`
  context.say(counts === '' ? verdict : `${verdict} (${counts})`)
}

function count(number: number, what: string): string {
  return number === 0 ? '' : `${number} ${what}${number === 1 ? '' : 's'}`
}

function moduleProblem(thrown: unknown): Problem {
  return {
    file: null,
    line: null,
    column: null,
    path: null,
    message: messageOf(thrown),
    found: null,
    expected: null,
    hint: isOrchestrationError(thrown) ? thrown.hint : null,
    level: 'error',
  }
}
