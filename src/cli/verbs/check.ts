import { resolve } from 'node:path'
import { gt } from 'semver'
import { isOrchestrationError, messageOf } from '../../core/errors.ts'
import { openLook } from '../../engine/index.ts'
import type { ExecutionRow, Look } from '../../engine/index.ts'
import { documentHash } from '../../workflow/index.ts'
import type { Problem, WorkflowDocument } from '../../workflow/index.ts'
import { agentsOf, knownAgents, registryOf } from '../agents.ts'
import {
  problemBreak,
  triggeredBreaks,
  triggeredWorkflowBreaks,
  triggerInputBreaks,
} from '../check/document-breaks.ts'
import type { AgentLookup, Break } from '../check/break.ts'
import { executionBreaks } from '../check/execution-breaks.ts'
import type { CommandContext } from '../command-context.ts'
import { readDocumentFile } from '../document-file.ts'
import { exitCodes } from '../exit-code.ts'
import { openJournal } from '../journal-file.ts'
import type { JournalReader } from '../journal-file.ts'
import { WorkflowsAtHand } from '../known-workflows.ts'
import { plainText } from '../terminal/width.ts'

interface Findings {
  readonly breaks: readonly Break[]
  /** What is worth knowing and breaks nothing. */
  readonly notes: readonly string[]
  readonly openCount: number
}

/**
 * `aura check [DOCUMENT…] [--agents M]…`: whether documents and modules could be deployed now. What is
 * open is pinned to the document it was started with, so a changed document breaks none of it; changed
 * agents may. A sub-workflow must be among the documents, beside them, or registered.
 */
export async function check(
  context: CommandContext,
  files: readonly string[],
  modules: readonly string[],
): Promise<number> {
  const agents = await agentsOf(context, modules)
  const known = knownAgents(agents, 'error')
  const registry = registryOf(agents)
  const lookup: AgentLookup = {
    names: known.names,
    actionsOf: (agent) => known.actionsOf(agent),
    contract: (agent, action) => registry.contract(agent, action),
    hasModules: modules.length > 0,
  }
  const read = files.map((file) =>
    readDocumentFile(file, resolve(context.cwd, file), { agents: known }),
  )
  const documents = read.flatMap(({ document }) => (document === null ? [] : [document]))
  const ofFiles = [
    ...read
      .flatMap(({ problems }) => problems)
      .filter(({ level }) => level === 'error')
      .map((problem) => problemBreak(problem, 'documentInvalid')),
    ...missingWorkflows(context, files),
    ...documents.flatMap(triggerInputBreaks),
  ]
  const ofDatabase = checkDatabase(context, documents, lookup)
  const breaks = [...ofFiles, ...ofDatabase.breaks]
  if (context.isJson) context.json({ breaks, notes: ofDatabase.notes })
  else report(context, { ...ofDatabase, breaks }, files.length)
  return breaks.length === 0 ? exitCodes.done : exitCodes.failed
}

/** What documents, and those beside them that they come to run, name and is not there; each place once. */
function missingWorkflows(context: CommandContext, files: readonly string[]): readonly Break[] {
  // Read without the agents: one that is missing does not hide what else is.
  const read = files.map((file) => readDocumentFile(file, resolve(context.cwd, file)))
  const atHand = new WorkflowsAtHand(context, read)
  const problems = read.flatMap((document) =>
    atHand.missing(document, resolve(context.cwd, document.file)),
  )
  const byPlace = new Map(problems.map((problem) => [placeOf(context, problem), problem]))
  return [...byPlace.values()].map((problem) => problemBreak(problem, 'workflowMissing'))
}

function placeOf({ cwd }: CommandContext, { file, path }: Problem): string {
  return `${resolve(cwd, file ?? '')} ${path}`
}

/** A file that is not there has nothing that could break. */
function checkDatabase(
  context: CommandContext,
  documents: readonly WorkflowDocument[],
  agents: AgentLookup,
): Findings {
  try {
    using opened = openJournal(context.databasePath)
    const look = openLook(context.databasePath)
    try {
      return findingsOf(opened.journal, { look, documents, agents })
    } finally {
      look.close()
    }
  } catch (thrown) {
    if (!isOrchestrationError(thrown) || thrown.code !== 'NotFoundError') throw thrown
    return { breaks: [], notes: [], openCount: 0 }
  }
}

function findingsOf(
  journal: JournalReader,
  held: {
    readonly look: Look
    readonly documents: readonly WorkflowDocument[]
    readonly agents: AgentLookup
  },
): Findings {
  const { look, documents, agents } = held
  const open = journal.open()
  const byHash = new Map<string, WorkflowDocument | null>()
  const documentOf = (hash: string): WorkflowDocument | null => {
    let document = byHash.get(hash)
    if (document === undefined) {
      const text = journal.document(hash)
      document = text === undefined ? null : (JSON.parse(text) as WorkflowDocument)
      byHash.set(hash, document)
    }
    return document
  }
  const breaks = open.flatMap((row) => breaksOf(row, { look, agents, documentOf }))
  const newNames = new Set(documents.map(({ name }) => name))
  const known = [...documents, ...journal.workflows()]
  for (const { name, documentHash: hash } of newestOf(journal)) {
    const document = documentOf(hash)
    // One that is about to be deployed has been checked from its file.
    if (document === null || newNames.has(name)) continue
    breaks.push(
      ...triggeredBreaks(document, agents),
      ...triggeredWorkflowBreaks(document, known),
      ...triggerInputBreaks(document),
    )
  }
  return { breaks, notes: notesOf(open, documents), openCount: open.length }
}

function breaksOf(
  row: ExecutionRow,
  held: {
    readonly look: Look
    readonly agents: AgentLookup
    documentOf(hash: string): WorkflowDocument | null
  },
): readonly Break[] {
  const { executionId } = row
  try {
    const document = held.documentOf(row.documentHash)
    if (document === null) throw new Error(`document ${row.documentHash} is not in the file`)
    const view = held.look.show(executionId)
    const entries = held.look.log(executionId)
    return executionBreaks(row, held.agents, { document, view, entries })
  } catch (thrown) {
    const message = `it cannot be read: ${messageOf(thrown)}`
    const hint = 'aura recover salvages what is intact into a new file'
    return [{ executionId, stepId: null, kind: 'documentDamaged', message, hint }]
  }
}

/** The highest version of each registered workflow: only its triggers fire. */
function newestOf(journal: JournalReader) {
  const newest = new Map<string, ReturnType<JournalReader['workflows']>[number]>()
  for (const row of journal.workflows()) {
    const known = newest.get(row.name)
    if (known === undefined || gt(row.version, known.version)) newest.set(row.name, row)
  }
  return newest.values()
}

/** What becomes of open executions of a document of the same name. */
function notesOf(
  open: readonly ExecutionRow[],
  documents: readonly WorkflowDocument[],
): readonly string[] {
  return documents.flatMap((document) => {
    const hash = documentHash(document)
    const others = open.filter((row) => row.workflow === document.name && row.documentHash !== hash)
    if (others.length === 0) return []
    const versions = [...new Set(others.map(({ version }) => version))].toSorted().join(', ')
    const count =
      others.length === 1 ? '1 open execution keeps' : `${others.length} open executions keep`
    return [
      `${document.name} ${document.version} is another document than that of what is open: ${count} the one it was started with (${versions}) and orphans nothing`,
    ]
  })
}

function report(context: CommandContext, findings: Findings, fileCount: number): void {
  const paint = context.paintOut
  const { breaks, notes, openCount } = findings
  for (const { executionId, message, hint } of breaks) {
    const where = executionId === null ? '' : `${paint.bold(executionId)}  `
    context.say(`${paint.red('✘')} ${where}${plainText(message)}`)
    if (hint !== null) context.say(`    ${paint.cyan('hint:')} ${plainText(hint)}`)
  }
  for (const note of notes) context.say(`${paint.dim('·')} ${plainText(note)}`)
  const what = `${count(openCount, 'open execution')}, ${count(fileCount, 'document')}`
  context.say(
    breaks.length === 0
      ? `${paint.green('✔')} ${what}: nothing breaks`
      : `${paint.red('✘')} ${what}: ${count(breaks.length, 'break')}`,
  )
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
