import type { Clock } from '../../core/clock.ts'
import { parseDuration } from '../../core/duration.ts'
import type { PayloadStore } from '../../integrations/temporal/index.ts'
import type { ServeSettings } from '../serve/settings.ts'

type StoreSettings = Pick<ServeSettings, 'redis' | 'temporal'>

/** Where payloads lie that are too large for Temporal: in Redis, where that is set. */
export interface OpenedPayloadStore {
  /** As engine and workers take it. */
  readonly option: { readonly payloadStore?: PayloadStore }
  close(): Promise<void>
}

/** @throws StorageError, UsageError: as `openRedis` */
export async function openPayloadStore(
  { redis: { url, prefix }, temporal: { payloadsFor } }: StoreSettings,
  clock: Clock,
): Promise<OpenedPayloadStore> {
  if (url === null) return { option: {}, close: async () => {} }
  const { openRedis, RedisBlobStore } = await import('../../integrations/redis/index.ts')
  const { connection, close } = await openRedis({ url, clock })
  const keepMs = payloadsFor === null ? null : (parseDuration(payloadsFor) ?? null)
  const blobs = new RedisBlobStore({ connection, prefix })
  return { option: { payloadStore: { blobs, keepMs } }, close }
}
