import type { Clock } from '../core/clock.ts'
import type { Running } from './running.ts'
import type { ArmedTimer, Timers } from './timers.ts'

/** What sleeps shorter than this stays in memory: loading it again would cost more than it holds. */
const parkMsMin = 10_000

/**
 * Executions that only wait, out of memory. Of each no more is kept than its id and the timer that wakes it;
 * whoever steers it, and whatever comes due in it, brings it back from the journal.
 */
export class Parking {
  readonly #timers: Timers
  readonly #clock: Clock
  readonly #wake: (executionId: string) => void
  readonly #parked = new Map<string, Parked>()

  /** @param wake brings the execution back; called when its first timer is due */
  constructor(timers: Timers, clock: Clock, wake: (executionId: string) => void) {
    this.#timers = timers
    this.#clock = clock
    this.#wake = wake
  }

  get size(): number {
    return this.#parked.size
  }

  /** The ids of all that are parked. */
  ids(): Iterable<string> {
    return this.#parked.keys()
  }

  has(executionId: string): boolean {
    return this.#parked.has(executionId)
  }

  /** Whether nothing of the execution is under way and nothing will be for a while. */
  mayPark(running: Running): boolean {
    const { state, holders, flushed, places, missing } = running
    if (!running.isDriven || running.isDirty || running.isRecording) return false
    if (holders > 0 || flushed.length > 0) return false
    if (places.size > 0 || state.live.size === 0) return false
    if (state.rollback !== null || state.phase !== 'forward') return false
    // An anomaly is to find it awake.
    if (state.plan.checkpointSeverity !== null) return false
    const { counts } = state
    // Who waits for an agent that this process does not have waits for another process.
    const moving = counts.running + counts.lookingUp + counts.scheduled + counts.child
    const isMoving = moving > missing.size
    return !isMoving && firstDueMs(running) - this.#clock.monotonicMs() >= parkMsMin
  }

  /** Keeps the execution, which is about to leave memory, until it is due. */
  park(running: Running): void {
    const { executionId } = running.row
    const dueMs = firstDueMs(running)
    const delayMs = dueMs - this.#clock.monotonicMs()
    const wake = (): void => this.#wake(executionId)
    const armed = dueMs === Infinity ? null : this.#timers.arm(delayMs, wake)
    const dues: number[] = []
    for (const { timer, armed: own } of running.timers.values()) dues.push(timer.dueAtMs, own.dueMs)
    this.#parked.set(executionId, { armed, dues })
  }

  /**
   * Forgets that the execution is parked; whoever asks brings it back.
   *
   * @returns what its timers were armed for: monotonic time by wall time, so that setting the clock
   *   meanwhile moves none of them; null when it was not parked
   */
  take(executionId: string): ReadonlyMap<number, number> | null {
    const parked = this.#parked.get(executionId)
    if (parked === undefined) return null
    if (parked.armed !== null) this.#timers.disarm(parked.armed)
    this.#parked.delete(executionId)
    const { dues } = parked
    const known = new Map<number, number>()
    for (let at = 0; at < dues.length; at += 2)
      known.set(dues[at] as number, dues[at + 1] as number)
    return known
  }
}

interface Parked {
  /** Null when nothing is due in it. */
  readonly armed: ArmedTimer | null
  /** Wall time and monotonic time of each of its timers, one after the other. */
  readonly dues: readonly number[]
}

/** Monotonic; infinity when nothing is due. */
function firstDueMs({ timers }: Running): number {
  let first = Infinity
  for (const { armed } of timers.values()) first = Math.min(first, armed.dueMs)
  return first
}
