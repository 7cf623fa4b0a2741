import type { Clock } from '../../core/clock.ts'

/** A worker says that a call lives so many times within the time after which the call is taken for lost. */
const beatsPerTimeout = 4
/** Where few calls are under way; a call hears of its cancellation with a beat. */
const everyMsMin = 1_000
const firstMsMax = 200
/**
 * How far apart the beats of a worker with many calls are. Temporal stores each with the whole of its execution,
 * so that beats of many calls of one cost the square of their number.
 */
const spacingMs = 50

/** Tells Temporal that the calls of a worker live, at a pace that Temporal bears. */
export class Heartbeats {
  readonly #clock: Clock
  #beating = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Beats for one call. A call that is over after a moment costs no beat.
   *
   * @param timeoutMs after which a call that does not beat is lost; 0: never
   * @returns stops it
   */
  start(timeoutMs: number, beat: () => void): () => void {
    if (timeoutMs === 0) return () => {}
    const everyMsMax = timeoutMs / beatsPerTimeout
    this.#beating++
    const next = (): void => {
      beat()
      const everyMs = Math.max(everyMsMin, this.#beating * spacingMs)
      cancel = this.#clock.after(Math.min(everyMs, everyMsMax), next)
    }
    let cancel = this.#clock.after(Math.min(firstMsMax, everyMsMax), next)
    return () => {
      this.#beating--
      cancel()
    }
  }
}
