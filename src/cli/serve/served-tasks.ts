import semver from 'semver'
import type { AgentRegistry } from '../../agents/index.ts'
import { OrchestrationError } from '../../core/errors.ts'
import { directCallDocument, openLook } from '../../engine/index.ts'
import type { OpenedEngine, ShowView, WorkflowEngine } from '../../engine/index.ts'
import type { ServedSkill, TaskHost } from '../../integrations/a2a/index.ts'
import type { WorkflowDocument } from '../../workflow/index.ts'
import type { CommandContext } from '../command-context.ts'
import { openJournal } from '../journal-file.ts'
import { ProgressModel } from '../progress/progress-model.ts'
import { registeredDocuments } from '../registered-documents.ts'

/** Events that come so close together are told as one: looking at a large execution takes its time. */
const lookMs = 20

export interface ServedTasksParts {
  readonly opened: OpenedEngine
  /** What stands between the API and the opened engine. */
  readonly engine: WorkflowEngine
}

/** The workflows of the file, and the agents of the process, as tasks of A2A. */
export function servedTasks(
  { databasePath: path, clock }: CommandContext,
  { opened, engine }: ServedTasksParts,
): TaskHost {
  return {
    skills: () => [...workflowsOf(path), ...actionsOf(opened.agents)],
    async start(skill, executionId, input) {
      const document = documentOf(path, skill)
      await opened.engine.startDocument(document, { executionId, input })
    },
    show: (executionId) => engine.getExecution(executionId),
    waitsFor: (view) => openSignals(path, view),
    signal: (executionId, name, data) => engine.signal(executionId, name, data),
    async cancel(executionId) {
      await engine.cancelWorkflow(executionId)
    },
    list(limit) {
      using file = openJournal(path)
      return file.journal.list({ limit })
    },
    subscribe(executionId, onEvent) {
      let cancel: (() => void) | null = null
      const tell = (): void => {
        cancel = null
        onEvent()
      }
      const unsubscribe = engine.subscribe({
        onEvent(entry) {
          if (entry.executionId === executionId) cancel ??= clock.after(lookMs, tell)
        },
      })
      return () => {
        unsubscribe()
        cancel?.()
      }
    },
  }
}

function workflowsOf(path: string): readonly ServedSkill[] {
  const documents = [...highest(registeredDocuments(path)).values()]
  return documents.map(({ name, version, description }) => {
    return { kind: 'workflow', name, version, description }
  })
}

function actionsOf(agents: Pick<AgentRegistry, 'agents'>): readonly ServedSkill[] {
  return agents.agents().flatMap((agent) => {
    const { id, version, description: purpose } = agent
    return agent.actions.map((name): ServedSkill => {
      const description = agent.definition(name)?.description ?? null
      return { kind: 'action', name, agent: id, version, description, purpose }
    })
  })
}

/** What a skill is an execution of: of an action a direct call. */
function documentOf(path: string, skill: ServedSkill): WorkflowDocument {
  const { name } = skill
  if (skill.kind === 'action') {
    const call = directCallDocument({ agent: skill.agent, action: name })
    return { ...call, output: '${ steps.call.output }' }
  }
  const document = highest(registeredDocuments(path, name)).get(name)
  if (document !== undefined) return document
  throw new OrchestrationError('NotFoundError', `no workflow '${name}' is registered`)
}

/** By name; of a version that was registered twice the later one. */
function highest(documents: readonly WorkflowDocument[]): Map<string, WorkflowDocument> {
  const found = new Map<string, WorkflowDocument>()
  for (const document of documents) {
    const known = found.get(document.name)
    if (known === undefined || semver.compareBuild(document.version, known.version) >= 0) {
      found.set(document.name, document)
    }
  }
  return found
}

/** What an execution waits for is in its record: nobody but watchers asks for it. */
function openSignals(path: string, view: ShowView): readonly string[] {
  if (view.status !== 'waiting') return []
  using file = openJournal(path)
  const row = file.journal.find(view.executionId)
  const text = row === undefined ? undefined : file.journal.document(row.documentHash)
  if (text === undefined) return []
  const document = JSON.parse(text) as WorkflowDocument
  const model = new ProgressModel(view.executionId, document)
  const look = openLook(path)
  try {
    for (const entry of look.log(view.executionId)) model.take(entry)
  } finally {
    look.close()
  }
  const waits = model.steps.flatMap((step) => [...step.waits.values()])
  return waits.flatMap((wait) => (wait.kind === 'signal' ? [wait.signal] : []))
}
