import { executionStatus } from '../workflow/index.ts'
import type { Running } from './running.ts'

/** The status of an execution in memory: one that wishes only for missing agents, or for children that wait, waits. */
export function statusOf(
  running: Pick<Running, 'state' | 'status' | 'isDriven' | 'missing'> &
    Partial<Pick<Running, 'waitingChildren'>>,
): string {
  const status = executionStatus(running.state)
  // Recorded for somebody else to drive, and nobody has.
  if (status === 'running' && !running.isDriven && running.status === 'pending') return 'pending'
  const { missing, waitingChildren: { size: waiting } = { size: 0 } } = running
  if (status !== 'running' || missing.size + waiting === 0) return status
  const { scheduled, running: attempts, lookingUp, child } = running.state.counts
  const isIdle = attempts + scheduled + lookingUp <= missing.size && child <= waiting
  return isIdle ? 'waiting' : status
}
