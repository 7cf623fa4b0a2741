import type { LogEntry } from '../../engine/index.ts'
import type { CommandContext } from '../command-context.ts'
import { readSettings } from '../serve/settings.ts'
import { temporalPlace } from './place.ts'
import { queuesOf } from './shared-site.ts'

/** What is recorded of executions on Temporal. */
export interface LogOnTemporal {
  /** What comes after an event, oldest first. @throws NotFoundError; AgentCommunicationError without a worker */
  log(executionId: string, afterSeq?: number): Promise<readonly LogEntry[]>
  close(): Promise<void>
}

/** Opens it where the settings say. @throws UsageError, StorageError */
export async function openLogOnTemporal(context: CommandContext): Promise<LogOnTemporal> {
  const settings = await readSettings(context, {})
  const { openTemporalEngine } = await import('../../integrations/temporal/index.ts')
  const engine = await openTemporalEngine({
    ...temporalPlace(settings.temporal),
    taskQueues: queuesOf(settings),
    clock: context.clock,
  })
  return {
    log: (executionId, afterSeq) => engine.getLog(executionId, afterSeq),
    close: () => engine.close(),
  }
}
