import type { Clock } from '../../core/clock.ts'
import { parseDuration } from '../../core/duration.ts'
import type { PayloadStore, SharedBudgets } from '../../integrations/temporal/index.ts'
import type { RecordStore } from '../../core/contracts/record-store.ts'
import type { ServeSettings } from '../serve/settings.ts'

type StoreSettings = Pick<ServeSettings, 'redis' | 'temporal' | 'tenants'>

/** What engine and workers keep outside Temporal: in Redis, where that is set. */
export interface WorkerStores {
  /** As engine and workers take them. */
  readonly options: {
    /** Where payloads lie that are too large for Temporal. */
    readonly payloadStore?: PayloadStore
    /** What agents and tenants may spend. */
    readonly budgets?: SharedBudgets
    /** Where graphs keep their threads. */
    readonly threads?: RecordStore
  }
  close(): Promise<void>
}

/** @throws StorageError, UsageError: as `openRedis` */
export async function openWorkerStores(
  { redis: { url, prefix }, temporal: { payloadsFor }, tenants }: StoreSettings,
  clock: Clock,
): Promise<WorkerStores> {
  if (url === null) return { options: {}, close: async () => {} }
  const { openRedis, RedisBlobStore, RedisBudgetStore, RedisRecordStore } =
    await import('../../integrations/redis/index.ts')
  const { connection, close } = await openRedis({ url, clock })
  const keepMs = payloadsFor === null ? null : (parseDuration(payloadsFor) ?? null)
  const blobs = new RedisBlobStore({ connection, prefix })
  const store = new RedisBudgetStore({ connection, prefix })
  return {
    options: {
      payloadStore: { blobs, keepMs },
      budgets: { store, tenants },
      threads: new RedisRecordStore({ connection, prefix: `${prefix}graphs:` }),
    },
    close,
  }
}
