import { unavailableTda } from '../core/contracts/tda.ts'
import { messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { Definitions } from './definitions.ts'
import type { EmbeddedEngineParts } from './engine-parts.ts'
import type { Executions } from './executions.ts'
import type { Journal } from './journal/journal.ts'
import type { Runner } from './runner.ts'
import type { RegisteredDocument, TriggerHost } from './triggers/trigger-host.ts'

export interface TriggerStartsParts {
  readonly parts: EmbeddedEngineParts
  readonly definitions: Definitions
  readonly executions: Executions
  readonly runner: Runner
}

/** What triggers may do with the engine: look the registry up, and start executions. */
export function triggerHost({
  parts,
  definitions,
  executions,
  runner,
}: TriggerStartsParts): TriggerHost {
  const { journal, clock, logger } = parts
  const isKnown = (executionId: string): boolean => executions.known(executionId) !== undefined
  return {
    clock,
    logger,
    registry: () => registered(journal, definitions, logger),
    tda: () => parts.tda?.current() ?? unavailableTda,
    exists: isKnown,
    openIds: (prefix) => executions.openIds(prefix),
    onRefused: ({ workflow }) => parts.telemetry.triggerLeft(workflow, 'refused'),
    onSkipped: ({ workflow }) => parts.telemetry.triggerLeft(workflow, 'skipped'),
    async start(document, input, { executionId, event }) {
      if (isKnown(executionId)) return 'existed'
      const { running } = executions.begin(definitions.ofDocument(document), {
        executionId,
        input,
        // Only a policy asks for it later.
        ...(event === null || parts.policies == null ? {} : { origin: { event } }),
        isDriven: parts.isRecordingOnly !== true,
      })
      if (running !== null) await runner.flushed(running)
      return 'started'
    },
  }
}

/** Every document that triggers may come from; one that is damaged is logged, and the others fire all the same. */
function registered(
  journal: Journal,
  definitions: Definitions,
  logger: Logger,
): readonly RegisteredDocument[] {
  const found: RegisteredDocument[] = []
  for (const { name, version, documentHash, registeredAtMs } of journal.workflows()) {
    try {
      const { document } = definitions.ofHash(documentHash, () => journal.document(documentHash))
      found.push({ name, version, document, registeredAtMs })
    } catch (thrown) {
      logger.log('error', `workflow '${name}@${version}' fires nothing: ${messageOf(thrown)}`)
    }
  }
  return found
}
