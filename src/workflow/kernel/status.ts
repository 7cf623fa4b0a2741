import { isPaused } from './permission.ts'
import { callsOf } from './hosted-state.ts'
import type { ExecutionState, StepState, StepStatus } from './state.ts'

export type ExecutionStatus =
  | 'pending'
  | 'running'
  | 'waiting'
  | 'paused'
  | 'completed'
  | 'failed'
  | 'cancelled'

/** The status of an execution as everyone sees it. `waiting`: nothing runs and something is awaited. */
export function executionStatus(state: ExecutionState): ExecutionStatus {
  if (state.phase === 'ended') return state.result ?? 'failed'
  if (state.seq === 0) return 'pending'
  if (isPaused(state)) return 'paused'
  const { counts, live } = state
  const moving = counts.running + counts.lookingUp + counts.scheduled + counts.child
  if (moving > 0 || live.size === 0) return 'running'
  return 'waiting'
}

/** The status of a step as everyone sees it. */
export function stepStatus(step: StepState): StepStatus {
  if (step.view.status !== 'running') return step.view.status
  let isWaiting = false
  for (const call of callsOf(step)) {
    // Its parts say what it does.
    if (call.status === 'coordinating') continue
    if (call.status === 'uncertain') return 'uncertain'
    if (call.status === 'running' || call.status === 'lookingUp' || call.status === 'child')
      return 'running'
    const isOver = call.part !== null && call.status === 'cancelled'
    if (call.status !== 'completed' && call.status !== 'failed' && !isOver) isWaiting = true
  }
  return isWaiting ? 'waiting' : 'running'
}
