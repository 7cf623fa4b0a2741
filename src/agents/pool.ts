import { invariant } from '../core/assert.ts'

/** Called once when a waiting place is granted. */
export type Grant = () => void

interface Waiter {
  readonly grant: Grant
  before: Waiter | null
  after: Waiter | null
}

/**
 * The places of one agent: at most `maxConcurrent` are held, at most `queueMax` wait, first come first served.
 * Every operation is O(1). Places are only counted: whoever was granted one releases it once.
 */
export class AgentPool {
  readonly maxConcurrent: number
  readonly queueMax: number
  readonly #waiters = new Map<Grant, Waiter>()
  #head: Waiter | null = null
  #tail: Waiter | null = null
  #held = 0
  #isGranting = false

  constructor(size: { readonly maxConcurrent: number; readonly queueMax: number }) {
    this.maxConcurrent = size.maxConcurrent
    this.queueMax = size.queueMax
  }

  /** Places held. */
  get held(): number {
    return this.#held
  }

  /** Callers waiting. */
  get waiting(): number {
    return this.#waiters.size
  }

  /**
   * `granted`: the place is held now and `grant` is not called. `queued`: `grant` is called when it is held.
   * `full`: nothing happened.
   *
   * @throws InternalError when the same function already waits.
   */
  acquire(grant: Grant): 'granted' | 'queued' | 'full' {
    if (this.#held < this.maxConcurrent && this.#head === null) {
      this.#held++
      return 'granted'
    }
    if (this.#waiters.size >= this.queueMax) return 'full'
    invariant(!this.#waiters.has(grant), 'the same grant waits twice in one pool')
    const waiter: Waiter = { grant, before: this.#tail, after: null }
    if (this.#tail === null) this.#head = waiter
    else this.#tail.after = waiter
    this.#tail = waiter
    this.#waiters.set(grant, waiter)
    return 'queued'
  }

  /** Gives a held place back; the first in the queue gets it before this returns. */
  release(): void {
    invariant(this.#held > 0, 'a pool place was released that nobody held')
    this.#held--
    // A grant may release again at once: the loop below takes that up instead of recursing.
    if (this.#isGranting) return
    this.#isGranting = true
    try {
      while (this.#held < this.maxConcurrent && this.#head !== null) {
        const { grant } = this.#head
        this.#unlink(this.#head)
        this.#held++
        grant()
      }
    } finally {
      this.#isGranting = false
    }
  }

  /** Takes a caller out of the queue; false when it does not wait (any more), so its place must be released. */
  cancel(grant: Grant): boolean {
    const waiter = this.#waiters.get(grant)
    if (waiter === undefined) return false
    this.#unlink(waiter)
    return true
  }

  #unlink(waiter: Waiter): void {
    const { before, after } = waiter
    if (before === null) this.#head = after
    else before.after = after
    if (after === null) this.#tail = before
    else after.before = before
    this.#waiters.delete(waiter.grant)
  }
}
