import { type OpenedRedis, openRedis, RedisStateStore } from 'aura-orchestration/redis'
import { FakeTime } from 'aura-orchestration/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RedisCluster } from '../support/redis-cluster.ts'
import { describeRedisStores } from '../support/redis-suites.ts'
import { describeWithServices } from '../support/services.ts'

await describeWithServices('stores in a Redis cluster of three nodes', ['redis'], () => {
  let cluster: RedisCluster
  let redis: OpenedRedis
  beforeAll(async () => {
    cluster = await RedisCluster.start()
    redis = await openRedis({ url: cluster.nodes[1]!.url })
  }, 60_000)
  afterAll(async () => {
    await redis?.close()
    await cluster?.remove()
  })

  describeRedisStores(() => redis.connection)

  test('workflows lie on all nodes, the keys of one on one', async () => {
    const store = new RedisStateStore({
      connection: redis.connection,
      clock: new FakeTime().newLife(),
      prefix: 'spread:',
    })
    for (let n = 0; n < 30; n++) {
      await store.apply(`w${n}`, { batchId: 'a', writes: [{ key: 'x', value: n }] })
      await store.checkpoint(`w${n}`, 'c')
    }
    const workflows = await Promise.all(
      cluster.nodes.map(async (node) => {
        const keys = (await node.cli('keys', 'spread:*')).trim().split('\n')
        const names = new Set(keys.map((key) => /\{(.*)\}/.exec(key)?.[1]))
        expect(keys).toHaveLength(names.size * 3)
        return names.size
      }),
    )
    expect(workflows.every((count) => count > 0)).toBe(true)
    expect(workflows.reduce((sum, count) => sum + count)).toBe(30)
  })

  test('a cluster of which one node may lose what it acknowledged is refused', async () => {
    const last = cluster.nodes[2]!
    await last.cli('config', 'set', 'appendonly', 'no')
    await expect(openRedis({ url: cluster.nodes[0]!.url })).rejects.toMatchObject({
      code: 'StorageError',
      message: expect.stringMatching(new RegExp(`${last.port}.*appendonly no`)),
    })
  })
})
