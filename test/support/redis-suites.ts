import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import {
  RedisBlobStore,
  RedisBudgetStore,
  RedisCatalog,
  type RedisConnection,
  RedisEffectLedger,
  RedisLeaseStore,
  RedisPlacementStore,
  RedisRecordStore,
  RedisStateStore,
} from 'aura-orchestration/redis'
import {
  blobStoreSuite,
  budgetStoreSuite,
  catalogSuite,
  effectLedgerSuite,
  FakeTime,
  leaseStoreSuite,
  placementStoreSuite,
  recordStoreSuite,
  stateStoreSuite,
  type StoreHarness,
} from 'aura-orchestration/testing'
import { describe, expect, test } from 'vitest'
import type { Clock } from '../../src/core/clock.ts'

interface Options {
  readonly connection: RedisConnection
  readonly prefix: string
  readonly clock: Clock
}

/**
 * Declares the conformance suites of all stores in a Redis. Each case has keys of its own.
 *
 * @param clear takes the keys of a case away; by default they stay
 */
export function describeRedisStores(
  connection: () => RedisConnection,
  clear: (prefix: string) => Promise<void> = async () => {},
): void {
  const open =
    <Store>(make: (options: Options) => Store): (() => Promise<StoreHarness<Store>>) =>
    async () => {
      const time = new FakeTime()
      const prefix = `test-${randomUUID()}:`
      return {
        store: make({ connection: connection(), prefix, clock: time.newLife() }),
        async advance(ms) {
          time.pass(ms)
          await pause(ms)
        },
        close: () => clear(prefix),
      }
    }
  describe.each([
    ['state', stateStoreSuite(open((options) => new RedisStateStore(options)))],
    ['leases', leaseStoreSuite(open((options) => new RedisLeaseStore(options)))],
    [
      'placement',
      placementStoreSuite(
        open((options) => new RedisPlacementStore({ ...options, name: 'site {1}' })),
      ),
    ],
    ['catalog', catalogSuite(open((options) => new RedisCatalog(options)))],
    ['blobs', blobStoreSuite(open((options) => new RedisBlobStore(options)))],
    ['ledger', effectLedgerSuite(open((options) => new RedisEffectLedger(options)))],
    ['records', recordStoreSuite(open((options) => new RedisRecordStore(options)))],
    ['budgets', budgetStoreSuite(open((options) => new RedisBudgetStore(options)))],
  ])('%s', (_, cases) => {
    for (const one of cases) test(one.name, () => expect(one.run()).resolves.toBeUndefined())
  })
}
