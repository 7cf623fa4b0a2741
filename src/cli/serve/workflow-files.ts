import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { KnownAgents, Problem, WorkflowData } from '../../workflow/index.ts'
import { looksLikeDocument, readDocumentFile } from '../document-file.ts'

/** A document that a path of `--workflows` leads to. */
export interface WorkflowFile {
  /** As messages name it: relative to the working folder where it is below it. */
  readonly file: string
  readonly data: WorkflowData
}

/** What the paths of `--workflows` hold. */
export interface WorkflowFiles {
  readonly documents: readonly WorkflowFile[]
  /** What is worth a word and stops nothing. */
  readonly warnings: readonly Problem[]
  /** Files of folders that look like no workflow document. */
  readonly skipped: readonly string[]
}

/**
 * Reads all documents of files and folders (`.yaml`, `.yml` and `.json` in them, not below), and reports
 * the problems of all of them at once.
 *
 * @throws DocumentError with all problems in its details; UsageError for a path that is not there
 */
export function readWorkflowFiles(
  paths: readonly string[],
  cwd: string,
  agents: KnownAgents,
): WorkflowFiles {
  const documents: WorkflowFile[] = []
  const problems: Problem[] = []
  const skipped: string[] = []
  for (const path of new Set(paths.flatMap((given) => filesAt(resolve(cwd, given), skipped)))) {
    const file = shortPath(cwd, path)
    const read = readDocumentFile(file, path, { agents })
    problems.push(...read.problems)
    if (read.data !== null) documents.push({ file, data: read.data })
  }
  const errors = problems.filter(({ level }) => level === 'error')
  if (errors.length === 0) {
    return { documents, warnings: problems, skipped: skipped.map((path) => shortPath(cwd, path)) }
  }
  const files = new Set(errors.map(({ file }) => file)).size
  throw new OrchestrationError(
    'DocumentError',
    `${files === 1 ? 'a document has' : `${files} documents have`} problems, and nothing was started`,
    { details: { problems: problems.map((problem): JsonObject => ({ ...problem })) } },
  )
}

function filesAt(path: string, skipped: string[]): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    const files = readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
      .map((entry) => join(path, entry.name))
      .toSorted()
    skipped.push(...files.filter((file) => !isDocument(file)))
    return files.filter(isDocument)
  } catch (thrown) {
    throw new OrchestrationError('UsageError', `--workflows ${path}: ${messageOf(thrown)}`, {
      cause: thrown,
    })
  }
}

function isDocument(file: string): boolean {
  return looksLikeDocument(readFileSync(file, 'utf8'))
}

function shortPath(cwd: string, path: string): string {
  const short = relative(cwd, path)
  return short.startsWith('..') ? path : short
}
