import { describe, expect, test } from 'vitest'
import { FakeTime, leaseStoreSuite, stateStoreSuite, type StoreHarness } from '../testing/index.ts'
import { MemoryLeaseStore } from './memory-lease-store.ts'
import { MemoryStateStore } from './memory-state-store.ts'

async function inMemory<Store>(
  make: (clock: ReturnType<FakeTime['newLife']>) => Store,
): Promise<StoreHarness<Store>> {
  const time = new FakeTime()
  const advance = async (ms: number): Promise<void> => time.pass(ms)
  return { store: make(time.newLife()), advance, close: async () => {} }
}

describe('state in memory', () => {
  for (const { name, run } of stateStoreSuite(() =>
    inMemory((clock) => new MemoryStateStore(clock)),
  ))
    test(name, () => expect(run()).resolves.toBeUndefined())
})

describe('leases in memory', () => {
  for (const { name, run } of leaseStoreSuite(() =>
    inMemory((clock) => new MemoryLeaseStore(clock)),
  ))
    test(name, () => expect(run()).resolves.toBeUndefined())
})
