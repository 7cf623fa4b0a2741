import { unavailableTda } from '../core/contracts/tda.ts'
import type { Definitions } from './definitions.ts'
import type { EmbeddedEngineParts } from './engine-parts.ts'
import type { Executions } from './executions.ts'
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
    registry: () =>
      journal
        .workflows()
        .map(({ name, version, documentHash, registeredAtMs }): RegisteredDocument => ({
          name,
          version,
          document: definitions.ofHash(documentHash, () => journal.document(documentHash)).document,
          registeredAtMs,
        })),
    tda: () => parts.tda?.current() ?? unavailableTda,
    exists: isKnown,
    openIds: (prefix) =>
      journal
        .open()
        .map(({ executionId }) => executionId)
        .filter((executionId) => executionId.startsWith(prefix)),
    async start(document, input, executionId) {
      if (isKnown(executionId)) return 'existed'
      const { running } = executions.begin(definitions.ofDocument(document), {
        executionId,
        input,
        isDriven: parts.isRecordingOnly !== true,
      })
      if (running !== null) await runner.flushed(running)
      return 'started'
    },
  }
}
