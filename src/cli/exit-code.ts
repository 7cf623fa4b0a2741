import { isOrchestrationError } from '../core/errors.ts'
import type { ErrorCode } from '../core/errors.ts'

/** What a process says with its exit. */
export const exitCodes = {
  done: 0,
  /** The execution failed or was cancelled, a flag is off, or something broke. */
  failed: 1,
  /** Wrong usage, an invalid document or input, an unknown id, a bad module, a refused verb. */
  refused: 2,
  /** The file is owned by another process, a file or server is out of reach, an admission limit is met. */
  unreachable: 3,
  interrupted: 130,
} as const

const refused: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'AgentModuleError',
  'DocumentError',
  'ExpressionError',
  'ExpressionLimitError',
  'InputError',
  'NotFoundError',
  'RefusedError',
  'SeriesError',
  'UsageError',
])
const unreachable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'AgentCommunicationError',
  'OwnerError',
  'ResourceExhaustionError',
  'StateConsistencyError',
  'StorageError',
])

/** The exit code for anything a verb throws. */
export function exitCodeOf(thrown: unknown): number {
  if (!isOrchestrationError(thrown)) return exitCodes.failed
  if (refused.has(thrown.code)) return exitCodes.refused
  return unreachable.has(thrown.code) ? exitCodes.unreachable : exitCodes.failed
}

/** The exit code for how an execution stands when `run` returns. */
export function exitCodeOfStatus(status: string): number {
  return status === 'failed' || status === 'cancelled' ? exitCodes.failed : exitCodes.done
}
