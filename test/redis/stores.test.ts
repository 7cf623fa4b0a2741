import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type OpenedRedis,
  openRedis,
  RedisLeaseStore,
  RedisStateStore,
  type RedisConnection,
} from 'aura-orchestration/redis'
import {
  FakeTime,
  leaseStoreSuite,
  stateStoreSuite,
  type StoreHarness,
} from 'aura-orchestration/testing'
import { RedisServer } from '../support/redis-server.ts'
import { describeWithServices } from '../support/services.ts'

await describeWithServices('stores in Redis', ['redis'], ({ redis: url }) => {
  let redis: OpenedRedis
  beforeAll(async () => {
    redis = await openRedis({ url })
  })
  afterAll(() => redis.close())

  /** Every case has keys of its own, which Redis forgets after a while. */
  async function inRedis<Store>(
    make: (options: { connection: RedisConnection; prefix: string; time: FakeTime }) => Store,
  ): Promise<StoreHarness<Store>> {
    const time = new FakeTime()
    const prefix = `test-${randomUUID()}:`
    return {
      store: make({ connection: redis.connection, prefix, time }),
      async advance(ms) {
        time.pass(ms)
        await pause(ms)
      },
      close: () => clear(url, prefix),
    }
  }

  describe('state', () => {
    const open = () =>
      inRedis(({ time, ...rest }) => new RedisStateStore({ ...rest, clock: time.newLife() }))
    for (const { name, run } of stateStoreSuite(open))
      test(name, () => expect(run()).resolves.toBeUndefined())
  })

  describe('leases', () => {
    const open = () => inRedis((options) => new RedisLeaseStore(options))
    for (const { name, run } of leaseStoreSuite(open))
      test(name, () => expect(run()).resolves.toBeUndefined())
  })

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
