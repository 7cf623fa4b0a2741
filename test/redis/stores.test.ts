import { type OpenedRedis, openRedis, RedisStateStore } from 'aura-orchestration/redis'
import { FakeTime } from 'aura-orchestration/testing'
import { createClient } from 'redis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RedisServer } from '../support/redis-server.ts'
import { describeRedisStores } from '../support/redis-suites.ts'
import { describeWithServices } from '../support/services.ts'

await describeWithServices('stores in Redis', ['redis'], ({ redis: url }) => {
  let redis: OpenedRedis
  beforeAll(async () => {
    redis = await openRedis({ url })
  })
  afterAll(() => redis.close())

  describeRedisStores(
    () => redis.connection,
    (prefix) => clear(url, prefix),
  )

  test('all who open one Redis share one socket, also under a thousand concurrent operations', async () => {
    const server = await RedisServer.start({ appendfsync: 'everysec' })
    const opened = await Promise.all(
      Array.from({ length: 10 }, () => openRedis({ url: server.url })),
    )
    const clock = new FakeTime().newLife()
    const stores = opened.map(({ connection }) => new RedisStateStore({ connection, clock }))
    const work = Array.from({ length: 1_000 }, (_, n) =>
      stores[n % 10]!.apply(`w-${n % 50}`, { batchId: `b${n}`, writes: [{ key: 'n', value: n }] }),
    )
    const clients = (await server.cli('client', 'list')).trim().split('\n')
    const receipts = await Promise.all(work)
    await Promise.all(opened.map((one) => one.close()))
    const after = (await server.cli('client', 'list')).trim().split('\n')
    await server.remove()
    expect(clients.filter((line) => !line.includes('cmd=client'))).toHaveLength(1)
    expect(after.filter((line) => !line.includes('cmd=client'))).toHaveLength(0)
    expect(receipts).toHaveLength(1_000)
  })
})

/** Deletes the keys of a test. */
async function clear(url: string, prefix: string): Promise<void> {
  const client = createClient({ url })
  await client.connect()
  for await (const keys of client.scanIterator({ MATCH: `${prefix}*` }))
    if (keys.length > 0) await client.del(keys)
  await client.close()
}
