import { executionStatus } from '../workflow/index.ts'
import type { Running } from './running.ts'

/** The status of an execution in memory: one whose only wish is an agent that is missing waits. */
export function statusOf(running: Running): string {
  const status = executionStatus(running.state)
  // Recorded for somebody else to drive, and nothing has happened yet.
  if (status === 'running' && !running.isDriven && isUntouched(running)) return 'pending'
  if (status !== 'running' || running.missing.size === 0) return status
  const { scheduled, running: attempts, lookingUp } = running.state.counts
  return attempts === 0 && scheduled + lookingUp <= running.missing.size ? 'waiting' : status
}

function isUntouched({ status, state }: Running): boolean {
  return status === 'pending' && state.counts.running + state.counts.lookingUp === 0
}
