import { setStatus } from './fold-step.ts'
import type { CallState, ExecutionState } from './state.ts'

/**
 * A call that is over begins anew under its key, with its own target. One that may have happened, or did,
 * and may not happen twice stays with the target that it called: what became of it is found out first. So
 * does one for which a pattern works, where that holds for a part; its parts that had succeeded stay.
 */
export function revive(state: ExecutionState, call: CallState): void {
  const isUnsure = mayHaveHappened(call)
  const { fallback, leftBecause, first } = call
  const stays = isUnsure || call.part !== null || partsOf(call).some(mayHaveHappened)
  if (!stays && fallback > first) call.input = call.ownInput
  Object.assign(call, fresh)
  call.fallback = first
  state.live.add(call)
  if (stays) {
    call.fallback = fallback
    call.leftBecause = leftBecause
  }
  if (!isUnsure) setStatus(state, call, 'scheduled')
  else setStatus(state, call, call.lookup ? 'lookingUp' : 'uncertain')
  reviveParts(state, call)
}

/** Parts that the call's present target had wanted, and that did not succeed, begin anew. */
export function reviveParts(state: ExecutionState, call: CallState): void {
  for (const part of partsOf(call))
    if (part.status === 'failed' || part.status === 'cancelled') revive(state, part)
}

/** What the pattern that works for the call now, or worked last, has wanted. */
export function partsOf({ hosted, fallback }: CallState): readonly CallState[] {
  return hosted === null ? [] : hosted.parts.filter((part) => part.fallback === fallback)
}

function mayHaveHappened({ ref, effect, lookup, isUnknown, effects }: CallState): boolean {
  // Why a compensation failed is not kept: where it can be asked, it is.
  const isAskable = ref.undo !== null && lookup
  return effect === 'once' && (isUnknown || effects > 0 || isAskable)
}

const fresh = {
  attempt: 0,
  refusals: 0,
  dueAtMs: null,
  requested: false,
  redeliver: false,
  aborting: false,
  isLost: false,
  isUnknown: false,
  losses: 0,
  lossesAlone: 0,
  alone: false,
  leftBecause: null,
  resumed: null,
  resumeToken: null,
} as const
