import { OrchestrationError } from '../../core/errors.ts'
import type { ExecuteOptions, WorkflowEngine } from '../../engine/index.ts'
import type { TemporalEngine } from '../../integrations/temporal/index.ts'
import { documentError, readDocumentData, type WorkflowDocument } from '../../workflow/index.ts'
import type { ServedDocuments } from './served-documents.ts'

/**
 * The Temporal engine as the API sees it: documents go to the catalog, and what the engine does not have is refused
 * by name.
 */
export function servedPort(engine: TemporalEngine, documents: ServedDocuments): WorkflowEngine {
  const more: Pick<WorkflowEngine, 'registerWorkflow' | 'startWorkflow'> = {
    registerWorkflow: (data) => documents.register(data),
    async startWorkflow(name, work, options) {
      if (Array.isArray(work)) return engine.startWorkflow(name, work, options)
      const { document, problems } = readDocumentData(work, { file: name })
      if (document === null) throw documentError(problems)
      return startServed(engine, documents, { document, options })
    },
  }
  return new Proxy(engine as unknown as WorkflowEngine, {
    get(target, key) {
      const member: unknown = Reflect.get(key in more ? more : target, key)
      // Private fields are those of the engine itself, not of what stands before it.
      if (typeof member === 'function') return member.bind(target) as unknown
      if (member !== undefined || typeof key === 'symbol') return member
      return () => {
        throw notThere(key)
      }
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

function notThere(verb: string): OrchestrationError {
  return new OrchestrationError('RefusedError', `the Temporal engine does not have '${verb}'`, {
    hint: 'docs/scale-out.md lists what it has; the embedded engine has all of it',
  })
}
