import { OrchestrationError } from '../../core/errors.ts'
import type { ExecuteOptions, ExecutionFilter, WorkflowEngine } from '../../engine/index.ts'
import type { TemporalEngine } from '../../integrations/temporal/index.ts'
import { documentError, readDocumentData, type WorkflowDocument } from '../../workflow/index.ts'
import type { ListedRow } from '../../server/index.ts'
import type { ServedDocuments } from './served-documents.ts'
import type { ServedTriggers } from './served-triggers.ts'

/** The Temporal engine as the API sees it: documents go to the catalog, where sub-workflows and triggers are found. */
export function servedPort(
  engine: TemporalEngine,
  documents: ServedDocuments,
  triggers: ServedTriggers,
): WorkflowEngine {
  const more: Pick<WorkflowEngine, 'registerWorkflow' | 'startWorkflow' | 'deliver'> = {
    async registerWorkflow(data) {
      await documents.register(data)
      await triggers.arm()
    },
    deliver: (event) => triggers.deliver(event),
    async startWorkflow(name, work, options) {
      if (Array.isArray(work)) return engine.startWorkflow(name, work, options)
      const { document, problems } = readDocumentData(work, { file: name })
      if (document === null) throw documentError(problems)
      return startServed(engine, documents, { document, options })
    },
  }
  return new Proxy<WorkflowEngine>(engine, {
    get(target, key) {
      const member: unknown = Reflect.get(key in more ? more : target, key)
      // Private fields are those of the engine itself, not of what stands before it.
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })
}

/** Starts a document with those of the catalog beside it. @throws as `TemporalEngine.startDocument` */
export async function startServed(
  engine: TemporalEngine,
  documents: ServedDocuments,
  { document, options = {} }: { document: WorkflowDocument; options?: ExecuteOptions | undefined },
): Promise<string> {
  const workflows = [...(options.workflows ?? []), ...(await documents.around(document))]
  return engine.startDocument(document, { ...options, workflows })
}

/**
 * Executions as the API lists them, newest first.
 *
 * @throws RefusedError for pages after the first
 */
export async function listed(
  engine: TemporalEngine,
  { status, workflow, metadata, before, limit }: ExecutionFilter,
): Promise<readonly ListedRow[]> {
  if (before !== undefined)
    throw new OrchestrationError('RefusedError', 'lists on Temporal have no cursor', {
      hint: 'ask by status, workflow and metadata, with a limit',
    })
  const rows = await engine.list({
    ...(status === undefined ? {} : { status }),
    ...(workflow === undefined ? {} : { workflow }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(limit === undefined ? {} : { limit }),
  })
  return rows.map((row, execution) => ({ ...row, execution }))
}
