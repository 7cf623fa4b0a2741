import type { LogEntry } from '../../engine/index.ts'
import type { CommandContext } from '../command-context.ts'
import { openEngineAt } from './engine-at.ts'

/** What is recorded of executions on Temporal. */
export interface LogOnTemporal {
  /** What comes after an event, oldest first. @throws NotFoundError; AgentCommunicationError without a worker */
  log(executionId: string, afterSeq?: number): Promise<readonly LogEntry[]>
  close(): Promise<void>
}

/** Opens it where the settings say. @throws UsageError, StorageError */
export async function openLogOnTemporal(context: CommandContext): Promise<LogOnTemporal> {
  const { engine, close } = await openEngineAt(context)
  return { log: (executionId, afterSeq) => engine.getLog(executionId, afterSeq), close }
}
