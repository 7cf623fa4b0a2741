import { steerChildren } from './children.ts'
import { requestHeld } from './endings.ts'
import { startItems } from './items.ts'
import { isGoingBack, isPaused } from './permission.ts'
import { record, type Turn } from './turn.ts'

/** Goes on after a pause. */
export function resume(turn: Turn): void {
  const { state } = turn
  if (!isPaused(state) && !(state.paused && isGoingBack(state))) return
  record(turn, { kind: 'ExecutionResumed' })
  startHeld(turn)
}

/** Starts what a pause that is over had held. */
export function startHeld(turn: Turn): void {
  const { state } = turn
  steerChildren(turn, 'resume')
  requestHeld(turn)
  if (state.phase !== 'forward') return
  for (const step of state.steps) {
    if (step.items !== null && step.view.status === 'running') startItems(turn, step)
  }
}
