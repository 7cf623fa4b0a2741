import type { Clock } from '../core/clock.ts'
import { checkCount, checkName } from './checked-write.ts'
import type { Lease, LeaseStore } from './lease-store.ts'

/** Leases inside one process, for tests. */
export class MemoryLeaseStore implements LeaseStore {
  readonly #granted = new Map<string, { readonly lease: Lease; untilMs: number }>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async acquire(name: string, holder: string, ttlMs: number): Promise<Lease | null> {
    checkName('lease', name)
    checkName('holder', holder)
    checkCount('ttlMs', ttlMs, 1)
    const last = this.#granted.get(name)
    const nowMs = this.#clock.monotonicMs()
    if (last !== undefined && last.untilMs > nowMs) return null
    const lease = { name, holder, token: (last?.lease.token ?? 0) + 1, ttlMs }
    this.#granted.set(name, { lease, untilMs: nowMs + ttlMs })
    return lease
  }

  async renew(lease: Lease): Promise<boolean> {
    return this.#hold(lease, lease.ttlMs)
  }

  async release(lease: Lease): Promise<boolean> {
    return this.#hold(lease, 0)
  }

  /** Changes until when a lease is held that is still held. */
  #hold({ name, token }: Lease, forMs: number): boolean {
    const last = this.#granted.get(name)
    const nowMs = this.#clock.monotonicMs()
    if (last === undefined || last.lease.token !== token || last.untilMs <= nowMs) return false
    last.untilMs = nowMs + forMs
    return true
  }
}
