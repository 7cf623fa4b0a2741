export { checkBatch, checkCount, checkGuard, checkName, storedText } from './checked-write.ts'
export type { Lease, LeaseStore } from './lease-store.ts'
export { MemoryLeaseStore } from './memory-lease-store.ts'
export { MemoryStateStore } from './memory-state-store.ts'
export { type Refusal, refusedChange } from './refused-change.ts'
export type {
  Fence,
  RecordedBatch,
  StateBatch,
  StateGuard,
  StateReceipt,
  StateStore,
} from './state-store.ts'
