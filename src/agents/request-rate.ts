const windowMs = 60_000

/**
 * At most `perMinute` requests begin in any 60 s: the times of the last so many are kept, and the next one
 * may begin 60 s after the oldest of them. Unlike a bucket that fills by the second it never lets twice as
 * many through at the seam of two minutes. O(1) each; 8 bytes for each request of a minute.
 */
export class RequestRate {
  readonly perMinute: number
  /** A ring: the oldest is at `#next` once it is full. */
  readonly #beganMs: number[] = []
  #next = 0

  constructor(perMinute: number) {
    this.perMinute = perMinute
  }

  /** How long the next request has to wait; 0 when it may begin now. `nowMs` is monotonic. */
  waitMs(nowMs: number): number {
    if (this.#beganMs.length < this.perMinute) return 0
    return Math.max(0, (this.#beganMs[this.#next] ?? 0) + windowMs - nowMs)
  }

  /** A request begins. */
  began(nowMs: number): void {
    this.#beganMs[this.#next] = nowMs
    this.#next = (this.#next + 1) % this.perMinute
  }
}
