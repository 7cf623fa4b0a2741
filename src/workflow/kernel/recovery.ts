import { attemptLost, requestLookup } from './attempts.ts'
import { tdaChanged } from './checkpoints.ts'
import { requestChild } from './children.ts'
import { startItems } from './items.ts'
import { isSettling } from './permission.ts'
import { abortCall } from './stopping.ts'
import type { Turn } from './turn.ts'

/**
 * Takes an execution up again after its journal was folded: running attempts are lost, open lookups
 * are asked again, and everything that is awaited is armed again by wall time.
 */
export function recover(turn: Turn): void {
  const { state, commands } = turn
  const { dueAtMs, graceDueAtMs } = state
  state.isRollbackAsked = false
  tdaChanged(turn)
  if (graceDueAtMs !== null)
    commands.push({ kind: 'arm', timer: { call: null, dueAtMs: graceDueAtMs } })
  else if (dueAtMs !== null) commands.push({ kind: 'arm', timer: { call: null, dueAtMs } })
  for (const call of Array.from(state.live)) {
    call.requested = false
    switch (call.status) {
      case 'running':
        attemptLost(turn, call)
        break
      case 'lookingUp':
        requestLookup(turn, call)
        break
      case 'scheduled':
        turn.starting.push(call)
        break
      case 'child':
        if (call.dueAtMs !== null)
          commands.push({ kind: 'arm', timer: { call: call.ref, dueAtMs: call.dueAtMs } })
        requestChild(turn, call)
        if (isSettling(state)) abortCall(turn, call, 'cancel')
        break
      case 'coordinating':
        if (call.dueAtMs !== null)
          commands.push({ kind: 'arm', timer: { call: call.ref, dueAtMs: call.dueAtMs } })
        turn.coordinating.push(call)
        break
      default:
        if (call.dueAtMs !== null)
          commands.push({ kind: 'arm', timer: { call: call.ref, dueAtMs: call.dueAtMs } })
    }
  }
  for (const step of state.steps) {
    if (step.items !== null && step.view.status === 'running') startItems(turn, step)
  }
}
