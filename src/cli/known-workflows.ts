import { relative } from 'node:path'
import { isOrchestrationError } from '../core/errors.ts'
import { readDocument, resolveWorkflowRef, workflowRefs } from '../workflow/index.ts'
import type { KnownWorkflows, Problem, WorkflowVersion } from '../workflow/index.ts'
import type { CommandContext } from './command-context.ts'
import { looksLikeDocument, readDocumentFile } from './document-file.ts'
import type { DocumentFile } from './document-file.ts'
import { openJournal } from './journal-file.ts'
import { isCalled, mayBeNamed, textsBeside } from './neighbours.ts'
import type { FileText } from './neighbours.ts'

const workflowKey = /(?:^|[{,\s])["']?workflow["']?\s*:/

/**
 * What the documents at hand may run: what lies beside them, what was given with them, what the database
 * file has registered. Folders and the file are read when they are first asked for, and once.
 */
export class WorkflowsAtHand {
  readonly #context: CommandContext
  readonly #given: readonly DocumentFile[]
  readonly #beside = new Map<string, readonly FileText[]>()
  readonly #read = new Map<string, DocumentFile>()
  #registered: readonly WorkflowVersion[] | null = null

  constructor(context: CommandContext, given: readonly DocumentFile[] = []) {
    this.#context = context
    this.#given = given
  }

  /**
   * As a document is checked against them; undefined when its text names no workflow.
   *
   * @param path absolute, of the document
   * @throws StorageError, StateConsistencyError when the database file cannot be read
   */
  knownTo(
    { text, path }: { readonly text: string; readonly path: string },
    level: KnownWorkflows['level'],
  ): KnownWorkflows | undefined {
    if (!workflowKey.test(text)) return undefined
    const beside = this.#textsBeside(path)
    const documents = beside.filter((file) => looksLikeDocument(file.text))
    const files = [...documents.map((file) => this.#documentOf(file)), ...this.#given]
    return {
      workflows: [...versionsOf(files), ...this.registered],
      level,
      reasonFor: (name) => {
        const broken = beside.find(
          (file) => isCalled(file.text, name) && this.#documentOf(file).document === null,
        )
        if (broken === undefined) return null
        return `${this.#documentOf(broken).file} has that name and is not valid: mend it first`
      },
    }
  }

  /**
   * The workflows that a document, and those of files that it comes to run, name and that are not there,
   * as errors of the files that name them. A document that is not valid has none.
   *
   * @param path absolute, of the document
   * @throws as `knownTo`
   */
  missing(root: DocumentFile, path: string): readonly Problem[] {
    const visited = new Set<string>()
    const problems: Problem[] = []
    const queue = [root]
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const { file, text, document } = next
      if (document === null || visited.has(file)) continue
      visited.add(file)
      let isWhole = true
      for (const ref of workflowRefs(document)) {
        const files = [next, root, ...this.#filesNamed(ref.name, path)]
        const index = resolveWorkflowRef(ref, [...versionsOf(files), ...this.registered])
        const child = files[index]
        if (child !== undefined) queue.push(child)
        isWhole &&= index >= 0
      }
      if (isWhole) continue
      // Only now the whole folder is read: for the hints.
      const workflows = this.knownTo({ text, path }, 'error')
      if (workflows === undefined) continue
      const read = readDocument(text, { file, workflows })
      problems.push(...read.problems.filter((problem) => problem.level === 'error'))
    }
    return problems
  }

  /** In the registry of the database file; none when there is no such file. */
  get registered(): readonly WorkflowVersion[] {
    this.#registered ??= registeredIn(this.#context.databasePath)
    return this.#registered
  }

  /** Valid documents of that name, beside a document or given. */
  #filesNamed(name: string, path: string): readonly DocumentFile[] {
    const beside = this.#textsBeside(path)
      .filter(({ text }) => mayBeNamed(text, name))
      .map((file) => this.#documentOf(file))
    return [...beside, ...this.#given].filter(({ document }) => document?.name === name)
  }

  #textsBeside(path: string): readonly FileText[] {
    let texts = this.#beside.get(path)
    if (texts === undefined) {
      texts = textsBeside(path)
      this.#beside.set(path, texts)
    }
    return texts
  }

  #documentOf({ path }: FileText): DocumentFile {
    let read = this.#read.get(path)
    if (read === undefined) {
      read = readDocumentFile(relative(this.#context.cwd, path), path)
      this.#read.set(path, read)
    }
    return read
  }
}

function versionsOf(files: readonly DocumentFile[]): readonly WorkflowVersion[] {
  return files.flatMap(({ document }) => {
    if (document === null) return []
    const { name, version } = document
    return [{ name, version }]
  })
}

function registeredIn(databasePath: string): readonly WorkflowVersion[] {
  try {
    using file = openJournal(databasePath)
    return file.journal.workflows().map(({ name, version }) => ({ name, version }))
  } catch (thrown) {
    if (isOrchestrationError(thrown) && thrown.code === 'NotFoundError') return []
    throw thrown
  }
}
