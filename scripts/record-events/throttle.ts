/**
 * Lets at most `perSecond` events of a kind through in each second, as loggers under fire do. What it
 * returns is null for an event to leave out, else how many were left out before it.
 */
export function createThrottle(
  perSecond: number,
  nowMs: () => number,
): (kind: string) => number | null {
  const seconds = new Map<string, { second: number; let: number; suppressed: number }>()
  return (kind) => {
    const second = Math.floor(nowMs() / 1_000)
    const state = seconds.get(kind) ?? { second, let: 0, suppressed: 0 }
    seconds.set(kind, state)
    if (state.second !== second) Object.assign(state, { second, let: 0 })
    if (state.let === perSecond) {
      state.suppressed++
      return null
    }
    const suppressed = state.suppressed
    Object.assign(state, { let: state.let + 1, suppressed: 0 })
    return suppressed
  }
}
