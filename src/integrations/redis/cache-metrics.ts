import type { Registry } from 'prom-client'
import { registerCollected } from '../../observability/index.ts'
import type { CacheCounts } from './read-cache.ts'

/**
 * Registers what the read cache of a store is good for: `state_cache_reads_total` by `result` (`hit`, `miss`),
 * `state_cache_hit_ratio` (0 to 1, 0 before the first read) and `state_cache_entries`.
 *
 * @throws Error of prom-client when the registry has them already
 */
export function redisCacheMetrics(registry: Registry, store: { cacheCounts(): CacheCounts }): void {
  registerCollected(
    registry,
    {
      type: 'counter',
      name: 'state_cache_reads_total',
      help: 'Reads of single state entries, by whether the cache had the answer',
      labelNames: ['result'],
    },
    () => {
      const { hits, misses } = store.cacheCounts()
      return [
        { labels: { result: 'hit' }, value: hits },
        { labels: { result: 'miss' }, value: misses },
      ]
    },
  )
  const gauge = { type: 'gauge', labelNames: [] } as const
  registerCollected(
    registry,
    { ...gauge, name: 'state_cache_hit_ratio', help: 'Share of reads that the cache answered' },
    () => {
      const { hits, misses } = store.cacheCounts()
      return one(hits / Math.max(1, hits + misses))
    },
  )
  registerCollected(
    registry,
    { ...gauge, name: 'state_cache_entries', help: 'Entries in the cache' },
    () => one(store.cacheCounts().size),
  )
}

function one(value: number) {
  return [{ labels: {}, value }]
}
