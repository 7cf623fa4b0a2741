import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import {
  type OpenedRedis,
  openRedis,
  RedisLeaseStore,
  RedisStateStore,
} from 'aura-orchestration/redis'
import { FakeTime, leaseStoreSuite, stateStoreSuite } from 'aura-orchestration/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RedisCluster } from '../support/redis-cluster.ts'
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

  const harness = <Store>(make: (prefix: string, time: FakeTime) => Store) => {
    const time = new FakeTime()
    const advance = async (ms: number): Promise<void> => {
      time.pass(ms)
      await pause(ms)
    }
    return { store: make(`${randomUUID()}:`, time), advance, close: async () => {} }
  }

  describe('state', () => {
    const open = async () =>
      harness((prefix, time) => {
        const { connection } = redis
        return new RedisStateStore({ connection, prefix, clock: time.newLife() })
      })
    for (const { name, run } of stateStoreSuite(open))
      test(name, () => expect(run()).resolves.toBeUndefined())
  })

  describe('leases', () => {
    const open = async () =>
      harness((prefix) => new RedisLeaseStore({ connection: redis.connection, prefix }))
    for (const { name, run } of leaseStoreSuite(open))
      test(name, () => expect(run()).resolves.toBeUndefined())
  })

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
