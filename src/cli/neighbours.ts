import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { type WorkflowData, type WorkflowDocument, workflowRefs } from '../workflow/index.ts'
import { readDocumentFile, refuseBroken } from './document-file.ts'

/**
 * The documents in the folder of a document that its sub-workflows name, and theirs: candidates beside
 * those that the file knows. Nothing is read where no step runs a workflow.
 *
 * @param path absolute
 * @throws DocumentError for a document of such a name that has problems
 */
export function neighboursOf(
  document: WorkflowDocument,
  path: string,
  cwd: string,
): readonly WorkflowData[] {
  const wanted = new Set(workflowRefs(document).map(({ name }) => name))
  const found = new Map<string, WorkflowData>()
  // Every round may want names that an earlier file has; there are at most as many rounds as files.
  for (let isNew = wanted.size > 0; isNew;) {
    isNew = false
    for (const { path: file, text } of textsBeside(path)) {
      if (found.has(file) || !names(text, anyName, wanted)) continue
      const short = relative(cwd, file)
      const read = readDocumentFile(short, file)
      if (names(text, ownName, wanted)) refuseBroken(short, read.problems)
      if (read.document === null || !wanted.has(read.document.name)) continue
      found.set(file, read.data)
      for (const { name } of workflowRefs(read.document)) wanted.add(name)
      isNew = true
    }
  }
  return [...found.values()]
}

/** A file with its text. */
export interface FileText {
  /** Absolute. */
  readonly path: string
  readonly text: string
}

/**
 * The other YAML and JSON files in the folder of a document, by name.
 *
 * @param path absolute
 */
export function textsBeside(path: string): readonly FileText[] {
  const folder = dirname(path)
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
    .map((entry) => join(folder, entry.name))
    .filter((file) => file !== path)
    .toSorted()
    .map((file) => ({ path: file, text: readFileSync(file, 'utf8') }))
}

/** Whether a document of that text may have the name; false is certain. */
export function mayBeNamed(text: string, name: string): boolean {
  return names(text, anyName, new Set([name]))
}

/** Whether a text that may be no document at all calls itself so. */
export function isCalled(text: string, name: string): boolean {
  return names(text, ownName, new Set([name]))
}

const anyName = /(?:^|[{,])\s*["']?name["']?\s*:\s*["']?([a-z][a-z0-9-]*)/gm
/** Not inside another map: at the beginning of a line, or of a JSON object that is the file. */
const ownName = /^(?:\{\s*)?["']?name["']?\s*:\s*["']?([a-z][a-z0-9-]*)/gm

/** Whether one of the names is found: other files of the folder are not judged. */
function names(text: string, pattern: RegExp, wanted: ReadonlySet<string>): boolean {
  return [...text.matchAll(pattern)].some(([, name]) => name !== undefined && wanted.has(name))
}
