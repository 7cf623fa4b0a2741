import { AgentPool, type Grant, type Turn } from '../agents/index.ts'
import { ResourceExhaustionError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { Slot } from '../workflow/index.ts'

/**
 * The places under the keys of `concurrency`, over all executions that this process drives. Nothing of it is
 * kept: only running attempts hold places, and after a crash none runs. Where documents give one key several
 * bounds, the one that was asked for last holds.
 */
export class Slots {
  readonly #pools = new Map<string, AgentPool>()
  readonly #isFull: () => boolean

  constructor(isFull: () => boolean) {
    this.#isFull = isFull
  }

  /** Keys under which somebody holds or waits. */
  get size(): number {
    return this.#pools.size
  }

  /** `full`: nothing is left, and the step does not want to wait or too many do. */
  acquire({ key, max, onFull }: Slot, grant: Grant, turn: Turn): 'granted' | 'queued' | 'full' {
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      pool = new AgentPool({ maxConcurrent: max, queueMax: limits.queueMax, isFull: this.#isFull })
      this.#pools.set(key, pool)
    }
    pool.maxConcurrent = max
    if (onFull !== 'wait' && !pool.isFree) return 'full'
    const answer = pool.acquire(grant, turn)
    return answer === 'open' ? 'full' : answer
  }

  /** Gives back a place, or takes whoever waits for one out of the queue. */
  release({ key }: Slot, waiting: Grant | null = null): void {
    const pool = this.#pools.get(key)
    if (pool === undefined) return
    if (waiting === null) pool.release()
    else pool.cancel(waiting)
    if (pool.held === 0 && pool.waiting === 0) this.#pools.delete(key)
  }
}

/** No place is left under a key, and the call is not to wait for one. */
export function slotFull({ key, max, onFull }: Slot): ResourceExhaustionError {
  return new ResourceExhaustionError(
    `concurrency: ${max} attempts run under key '${key}' (concurrency.max)`,
    {
      // One that waits was refused because too many wait: that passes.
      retryable: onFull === 'wait',
      hint: 'say `onFull: wait`, or raise concurrency.max',
    },
  )
}
