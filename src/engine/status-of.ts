import { executionStatus } from '../workflow/index.ts'
import type { Running } from './running.ts'

/** The status of an execution in memory: one whose only wish is an agent that is missing waits. */
export function statusOf(
  running: Pick<Running, 'state' | 'status' | 'isDriven' | 'missing'>,
): string {
  const status = executionStatus(running.state)
  // Recorded for somebody else to drive, and nobody has.
  if (status === 'running' && !running.isDriven && running.status === 'pending') return 'pending'
  if (status !== 'running' || running.missing.size === 0) return status
  const { scheduled, running: attempts, lookingUp } = running.state.counts
  return attempts === 0 && scheduled + lookingUp <= running.missing.size ? 'waiting' : status
}
