import { AgentPool } from '../../../agents/index.ts'
import { limits } from '../../../core/limits.ts'
import type { GraphCall } from './graph-calls.ts'

/** The places of nodes that bound their own calls (`maxConcurrent` in `agentConfig`). */
export class NodePlaces {
  readonly #pools = new Map<string, AgentPool>()

  /** Waits for a place of the call's node; the returned function gives it back. */
  async take({ settings }: GraphCall): Promise<() => void> {
    if (settings?.maxConcurrent === undefined) return () => {}
    const { maxConcurrent, place } = settings
    const name = `${place} ${maxConcurrent}`
    const pool =
      this.#pools.get(name) ?? new AgentPool({ maxConcurrent, queueMax: limits.queueMax })
    this.#pools.set(name, pool)
    const { promise, resolve } = Promise.withResolvers<void>()
    if (pool.acquire(() => resolve()) === 'queued') await promise
    return () => pool.release()
  }
}
