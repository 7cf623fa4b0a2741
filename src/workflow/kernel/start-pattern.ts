import { toErrorJson } from '../../core/errors.ts'
import type { PlanTarget } from '../plan/plan.ts'
import { resolveDuration } from '../plan/resolve-duration.ts'
import { callFailed } from './calls.ts'
import type { CallState } from './state.ts'
import { callScope, definite, eventRef, record, type Turn } from './turn.ts'

/** Has a pattern work for a call; what it wants first is decided before the turn ends. */
export function startPattern(
  turn: Turn,
  call: CallState,
  { spec: { pattern }, deadline }: PlanTarget & { kind: 'pattern' },
): void {
  const started = { kind: 'PatternStarted', ...eventRef(call.ref), pattern } as const
  try {
    const afterMs =
      deadline === null ? null : resolveDuration(deadline, () => callScope(turn, call))
    if (afterMs === null) record(turn, started)
    else {
      const dueAtMs = turn.moment.atMs + afterMs
      record(turn, { ...started, dueAtMs })
      turn.commands.push({ kind: 'arm', timer: { call: call.ref, dueAtMs } })
    }
  } catch (thrown) {
    return callFailed(turn, call, definite(toErrorJson(thrown, 'ExpressionError')))
  }
  turn.coordinating.push(call)
}
