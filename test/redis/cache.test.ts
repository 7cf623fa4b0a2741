import { openRedis, redisCacheMetrics, RedisStateStore } from 'aura-orchestration/redis'
import { Registry } from 'prom-client'
import { expect, onTestFinished, test } from 'vitest'
import { RedisServer } from '../support/redis-server.ts'
import { describeWithServices } from '../support/services.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

await describeWithServices('the read cache of Redis state', ['redis'], () => {
  test('answers from memory until another client has changed the workflow', async () => {
    const { server, near } = await twoClients()
    const far = await openStore(server.url.replace('127.0.0.1', 'localhost'))
    await near.apply('w', write('x', 1))
    for (let n = 0; n < 10; n++) expect((await near.get('w', 'x'))?.value).toBe(1)
    expect(near.cacheCounts()).toEqual({ hits: 9, misses: 1, size: 1 })
    await far.apply('w', write('x', 2))
    await expect.poll(async () => (await near.get('w', 'x'))?.value).toBe(2)
    await near.apply('w', write('x', 3))
    expect((await near.get('w', 'x'))?.value).toBe(3)
  })

  test('an expired or removed workflow is seen too', async () => {
    const { server, near } = await twoClients()
    await near.apply('w', write('x', 1))
    expect(await near.get('w', 'x')).not.toBeNull()
    await server.cli('del', 'aura:{wf:w}:state')
    await expect.poll(() => near.get('w', 'x')).toBeNull()
  })

  test('nothing old is answered after a connection was cut while somebody wrote', async () => {
    const { server, near, proxy } = await twoClients()
    const far = await openStore(server.url)
    await near.apply('w', write('x', 1))
    expect((await near.get('w', 'x'))?.value).toBe(1)
    proxy.hold()
    await far.apply('w', write('x', 2))
    proxy.cut()
    proxy.release()
    await expect.poll(async () => (await near.get('w', 'x').catch(() => null))?.value).toBe(2)
  })

  test('is bounded, and its counts are metrics', async () => {
    const { near } = await twoClients(5)
    for (let n = 0; n < 20; n++) {
      await near.apply(`w${n}`, write('x', n))
      await near.get(`w${n}`, 'x')
      await near.get(`w${n}`, 'x')
    }
    expect(near.cacheCounts()).toEqual({ hits: 20, misses: 20, size: 5 })
    const registry = new Registry()
    redisCacheMetrics(registry, near)
    const text = await registry.metrics()
    expect(text).toContain('state_cache_reads_total{result="hit"} 20')
    expect(text).toContain('state_cache_reads_total{result="miss"} 20')
    expect(text).toContain('state_cache_hit_ratio 0.5')
  })
})

function write(key: string, value: number) {
  return { batchId: null, writes: [{ key, value }] }
}

/** A store behind a proxy, and the server for others. */
async function twoClients(cachedEntriesMax?: number) {
  const server = await RedisServer.start({ appendfsync: 'everysec' })
  onTestFinished(() => server.remove())
  const proxy = await TcpProxy.start(server.port)
  onTestFinished(() => proxy.close())
  return { server, proxy, near: await openStore(`127.0.0.1:${proxy.port}`, cachedEntriesMax) }
}

async function openStore(url: string, cachedEntriesMax = 100): Promise<RedisStateStore> {
  const { connection, close } = await openRedis({ url })
  onTestFinished(close)
  return new RedisStateStore({ connection, cachedEntriesMax })
}
