import type { CallState, ExecutionState } from './state.ts'

/** Running attempts were told to stop and are awaited. */
export function isSettling(state: ExecutionState): boolean {
  return (
    state.phase === 'cancelling' || state.phase === 'timingOut' || state.phase === 'rollingBack'
  )
}

/** Nobody waits for what the call will give: its execution is settled, or its pattern has its result. */
export function isEnding(state: ExecutionState, call: CallState): boolean {
  if (call.ref.undo !== null) return false
  return isSettling(state) || (call.part?.host.hosted?.result ?? null) !== null
}

/** The execution goes back to a checkpoint: pause means nothing until it has arrived. */
export function isGoingBack(state: ExecutionState): boolean {
  return state.phase === 'rollingBack' || state.phase === 'undoing'
}

/**
 * Whether a scheduled call may start now. While an execution stops, only calls that had started before
 * (a lost delivery, a resolved call) may; pause holds everything but the undoing of a cancelled or
 * timed out execution.
 */
export function mayStart(state: ExecutionState, call: CallState): boolean {
  switch (state.phase) {
    case 'forward':
      return !state.paused
    case 'stopping':
      return !state.paused && (call.redeliver || call.ref.undo !== null)
    case 'cancelling':
    case 'timingOut':
      return call.ref.undo !== null
    case 'compensating':
    case 'undoing':
      return call.ref.undo !== null && !isPaused(state)
    default:
      return false
  }
}

/** Whether the call's next start is a new attempt that spends the budget: re-deliveries and undoing are free. */
export function isCounted(call: CallState): boolean {
  return call.ref.undo === null && !call.redeliver
}

/** Whether pause means anything: a cancelled or timed out execution goes on to its end regardless. */
export function mayPause(state: ExecutionState): boolean {
  if (state.phase === 'ended' || isSettling(state)) return false
  if (state.phase === 'undoing') return state.rollback?.isPauseHolding === true
  return state.phase !== 'compensating' || (state.result !== 'cancelled' && !state.timedOut)
}

/** Pause is in force. */
export function isPaused(state: ExecutionState): boolean {
  return state.paused && mayPause(state)
}
