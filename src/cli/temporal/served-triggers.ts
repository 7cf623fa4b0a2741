import type { Clock } from '../../core/clock.ts'
import type { CloudEvent } from '../../core/contracts/events.ts'
import { unavailableTda } from '../../core/contracts/tda.ts'
import type { Logger } from '../../core/logger.ts'
import { type RegisteredDocument, Triggers } from '../../engine/index.ts'
import type { TemporalEngine } from '../../integrations/temporal/index.ts'
import type { MeshTdaClient } from '../../tda/index.ts'
import type { WorkflowDocument } from '../../workflow/index.ts'
import { tellFeed } from '../serve/served-engine.ts'
import type { ServedDocuments } from './served-documents.ts'

export interface ServedTriggersParts {
  readonly engine: TemporalEngine
  readonly documents: ServedDocuments
  /** What expressions are told of anomalies, hears of an event before its triggers; null for nothing. */
  readonly tda: Pick<MeshTdaClient, 'current' | 'take'> | null
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * The triggers of an installation on Temporal: its schedules are Temporal's own, and an event starts what it starts
 * at the instance that is handed it. Ids are the same at each instance, so nothing starts twice.
 */
export class ServedTriggers {
  readonly #of: ServedTriggersParts
  readonly #events: Triggers
  #registry: readonly RegisteredDocument[] = []

  constructor(of: ServedTriggersParts) {
    const { engine, documents, tda, clock, logger } = of
    this.#of = of
    this.#events = new Triggers({
      clock,
      logger,
      registry: () => this.#registry,
      tda: () => tda?.current() ?? unavailableTda,
      // Temporal knows: a start whose id is taken starts nothing.
      exists: () => false,
      openIds: () => [],
      async start(document, input, { executionId }) {
        const workflows = await documents.around(document)
        const isNew = await engine.startOnce(document, { executionId, input, workflows })
        return isNew ? 'started' : 'existed'
      },
    })
  }

  /** Has Temporal keep the schedules of all documents that the installation knows. @throws StorageError */
  async arm(): Promise<void> {
    const { engine, documents } = this.#of
    const scheduled = (await documents.list()).map(async (document) => ({
      document,
      workflows: await documents.around(document),
    }))
    await engine.schedules.keep(await Promise.all(scheduled))
  }

  /** As the port has it, for what any instance has registered. */
  async deliver(event: CloudEvent): Promise<readonly string[]> {
    const { tda, logger } = this.#of
    if (tda !== null) tellFeed(tda, event, logger)
    const documents = await this.#of.documents.list()
    if (!isSame(documents, this.#registry)) {
      this.#registry = documents.map(registered)
      this.#events.refresh()
    }
    return this.#events.deliver(event)
  }

  /** Takes no more events and waits for the starts that are under way. */
  close(): Promise<void> {
    return this.#events.close()
  }
}

/** Of one that is read once, the same object comes again. */
function isSame(
  documents: readonly WorkflowDocument[],
  registry: readonly RegisteredDocument[],
): boolean {
  return (
    documents.length === registry.length &&
    documents.every((document, index) => registry[index]?.document === document)
  )
}

/** When it was registered matters to schedules only. */
function registered(document: WorkflowDocument): RegisteredDocument {
  return { name: document.name, version: document.version, document, registeredAtMs: 0 }
}
