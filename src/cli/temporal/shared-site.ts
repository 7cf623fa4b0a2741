import type { Clock } from '../../core/clock.ts'
import { type PlacementStore, shardOf, shardQueue } from '../../placement/index.ts'
import { type Catalog, MemoryCatalog } from '../../state/index.ts'
import type { TaskQueues } from '../../integrations/temporal/index.ts'
import type { ServeSettings } from '../serve/settings.ts'
import { openWorkerStores, type WorkerStores } from './worker-stores.ts'

type SiteSettings = Pick<ServeSettings, 'redis' | 'placement' | 'temporal' | 'tenants'>

/** What the instances of an installation have together. */
export interface SharedSite {
  readonly catalog: Catalog
  /** What engine and workers keep outside Temporal; nothing without Redis. */
  readonly stores: WorkerStores['options']
  /** Null without Redis: then there is one task queue, and whoever has a worker takes from it. */
  readonly placements: PlacementStore | null
  close(): Promise<void>
}

/** Opens what is shared, in Redis where that is set. @throws StorageError, UsageError, RefusedError */
export async function openSite(settings: SiteSettings, clock: Clock): Promise<SharedSite> {
  const { redis, temporal } = settings
  const stores = await openWorkerStores(settings, clock)
  if (redis.url === null) {
    const catalog = new MemoryCatalog(clock)
    return { catalog, stores: stores.options, placements: null, close: () => stores.close() }
  }
  const { openRedis, RedisCatalog, RedisPlacementStore } =
    await import('../../integrations/redis/index.ts')
  const { connection, close } = await openRedis({ url: redis.url, clock }).catch(
    async (thrown: unknown) => {
      await stores.close()
      throw thrown
    },
  )
  const { prefix } = redis
  const name = `${temporal.namespace}/${temporal.taskQueue}`
  return {
    catalog: new RedisCatalog({ connection, clock, prefix }),
    stores: stores.options,
    placements: new RedisPlacementStore({ connection, name, prefix }),
    async close() {
      await stores.close()
      await close()
    },
  }
}

/** The task queues of an installation: one for each shard where instances share the work, else the only one. */
export function queuesOf({
  redis,
  placement,
  temporal: { taskQueue },
}: Omit<SiteSettings, 'tenants'>): TaskQueues {
  if (redis.url === null) return { all: [taskQueue], of: () => taskQueue }
  const { shards } = placement
  const all = Array.from({ length: shards }, (_, shard) => shardQueue(taskQueue, shard))
  return { all, of: (id) => shardQueue(taskQueue, shardOf(id, shards)) }
}
