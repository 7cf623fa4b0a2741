export type { BlobStore } from './blob-store.ts'
export type { BudgetAccount, BudgetGrant, BudgetAmount, BudgetStore } from './budget-store.ts'
export type { Catalog, CatalogKind, CatalogRow } from './catalog.ts'
export { checkBytes, checkCatalogEntry, textOfHash } from './checked-entry.ts'
export { checkChange } from './checked-records.ts'
export {
  checkBatch,
  checkCount,
  checkGuard,
  checkImage,
  checkName,
  storedText,
} from './checked-write.ts'
export type { EffectIntent, EffectLedger, EffectReceipt, EffectRecord } from './effect-ledger.ts'
export type { Lease, LeaseStore } from './lease-store.ts'
export { MemoryBlobStore } from './memory-blob-store.ts'
export { checkCharge, MemoryBudgetStore, unknownCharge } from './memory-budget-store.ts'
export { byNameAndVersion, MemoryCatalog } from './memory-catalog.ts'
export { byIntent, MemoryEffectLedger, unknownEffect } from './memory-effect-ledger.ts'
export { MemoryLeaseStore } from './memory-lease-store.ts'
export { MemoryRecordStore } from './memory-record-store.ts'
export { MemoryStateStore } from './memory-state-store.ts'
export { type Refusal, refusedChange } from './refused-change.ts'
export type {
  Fence,
  RecordedBatch,
  StateBatch,
  StateGuard,
  StateImage,
  StateReceipt,
  StateStore,
  VersionedEntry,
} from './state-store.ts'
export { type StateMirror, storeMirror } from './state-mirror.ts'
