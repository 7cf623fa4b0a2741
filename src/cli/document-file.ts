import { readFileSync } from 'node:fs'
import { OrchestrationError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import {
  type KnownAgents,
  type KnownWorkflows,
  type Problem,
  readDocument,
  type ReadResult,
} from '../workflow/index.ts'

/** A document as it lies on disk, read and checked. */
export type DocumentFile = ReadResult & {
  /** As the user named it. */
  readonly file: string
  readonly text: string
}

/** Whether a text of a folder with other YAML and JSON too may be a document: it has steps. */
export function looksLikeDocument(text: string): boolean {
  return /(?:^|[{,])\s*["']?steps["']?\s*:/m.test(text)
}

/**
 * Reads a document; a file that cannot be read is a problem like any other. Never throws itself.
 *
 * @param workflowsOf gives the workflows that a document of that text may name; default: any
 */
export function readDocumentFile(
  file: string,
  path: string,
  known: {
    readonly agents?: KnownAgents | undefined
    readonly workflowsOf?: (text: string) => KnownWorkflows | undefined
  } = {},
): DocumentFile {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    return { file, text: '', document: null, data: null, problems: [unreadable(file, thrown)] }
  }
  const { agents } = known
  const workflows = known.workflowsOf?.(text)
  const read = readDocument(text, {
    file,
    ...(agents === undefined ? {} : { agents }),
    ...(workflows === undefined ? {} : { workflows }),
  })
  return { file, text, ...read }
}

/** @throws DocumentError with all problems in its details, when one of them is an error */
export function refuseBroken(file: string, problems: readonly Problem[]): void {
  const errors = problems.filter((problem) => problem.level === 'error').length
  if (errors === 0) return
  throw new OrchestrationError(
    'DocumentError',
    `${file} has ${errors === 1 ? 'a problem' : `${errors} problems`}`,
    {
      details: { problems: problems.map((problem): JsonObject => ({ ...problem })) },
    },
  )
}

function unreadable(file: string, thrown: unknown): Problem {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  const why =
    code === 'ENOENT'
      ? 'there is no such file'
      : code === 'EISDIR'
        ? 'it is a folder'
        : `it cannot be read (${String(code)})`
  return {
    file,
    line: null,
    column: null,
    path: null,
    message: why,
    found: null,
    expected: 'a workflow document in YAML or JSON',
    hint: null,
    level: 'error',
  }
}
