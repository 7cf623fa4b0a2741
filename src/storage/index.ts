export { backupDatabase, removeDatabase } from './backup.ts'
export type { Backup } from './backup.ts'
export { blobHash, joinBlobs, splitBlobs } from './blob-text.ts'
export * from './checksum.ts'
export { blobCodec, decodePayload, plainCodec } from './codec.ts'
export {
  entryBytes,
  isExpired,
  MemoryStore,
  memoryStoreInMemory,
  type MemorySpace,
  type MemoryUse,
  type StoredMemory,
} from './memory-store.ts'
export { readMark } from './commit-mark.ts'
export { Database } from './database.ts'
export type { DatabaseOptions, DatabaseSizes, Durability } from './database.ts'
export { acquireLock } from './lock.ts'
export type { OwnerInfo } from './owner-file.ts'
export { type OwnedPlace, ownPlace } from './owned-place.ts'
export { findOwner } from './ownership.ts'
export type { Ownership } from './ownership.ts'
export { keptTables, type KeptValue } from './pages/kept-tables.ts'
export { SalvageStore } from './pages/salvage-store.ts'
export type {
  LostRow,
  SalvagedDefinition,
  SalvagedJournalRow,
  SalvagedNumber,
} from './pages/salvage-store.ts'
export type { SalvagedExecution } from './pages/salvaged-row.ts'
export { realPath } from './real-path.ts'
export { queueLetter, queueLetters } from './queue-letters.ts'
export { SqliteQueueStore } from './queue-store.ts'
export { openReader } from './reader.ts'
export type { DatabaseReader } from './reader.ts'
export { isDuplicate, storageErrorOf } from './storage-error.ts'
export { freeBytes, tableSizes } from './table-sizes.ts'
export type { TableSize } from './table-sizes.ts'
