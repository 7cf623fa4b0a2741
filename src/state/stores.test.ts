import { describe, expect, test } from 'vitest'
import type { Clock } from '../core/clock.ts'
import {
  blobStoreSuite,
  budgetStoreSuite,
  catalogSuite,
  effectLedgerSuite,
  FakeTime,
  leaseStoreSuite,
  recordStoreSuite,
  stateStoreSuite,
  type StoreHarness,
} from '../testing/index.ts'
import { MemoryBlobStore } from './memory-blob-store.ts'
import { MemoryBudgetStore } from './memory-budget-store.ts'
import { MemoryCatalog } from './memory-catalog.ts'
import { MemoryEffectLedger } from './memory-effect-ledger.ts'
import { MemoryLeaseStore } from './memory-lease-store.ts'
import { MemoryRecordStore } from './memory-record-store.ts'
import { MemoryStateStore } from './memory-state-store.ts'

function inMemory<Store>(make: (clock: Clock) => Store): () => Promise<StoreHarness<Store>> {
  return async () => {
    const time = new FakeTime()
    const advance = async (ms: number): Promise<void> => time.pass(ms)
    return { store: make(time.newLife()), advance, close: async () => {} }
  }
}

describe.each([
  ['state', stateStoreSuite(inMemory((clock) => new MemoryStateStore(clock)))],
  ['leases', leaseStoreSuite(inMemory((clock) => new MemoryLeaseStore(clock)))],
  ['catalog', catalogSuite(inMemory((clock) => new MemoryCatalog(clock)))],
  ['blobs', blobStoreSuite(inMemory((clock) => new MemoryBlobStore(clock)))],
  ['ledger', effectLedgerSuite(inMemory((clock) => new MemoryEffectLedger(clock)))],
  ['records', recordStoreSuite(inMemory((clock) => new MemoryRecordStore(clock)))],
  ['budgets', budgetStoreSuite(inMemory(() => new MemoryBudgetStore()))],
])('%s in memory', (_, cases) => {
  for (const { name, run } of cases) test(name, () => expect(run()).resolves.toBeUndefined())
})
