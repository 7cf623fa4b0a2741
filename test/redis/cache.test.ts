import { createTelemetry, type ProcessTelemetry } from '../../src/observability/index.ts'
import { openRedis, RedisStateStore } from 'aura-orchestration/redis'
import { expect, onTestFinished, test } from 'vitest'
import { RedisServer } from '../support/redis-server.ts'
import { describeWithServices } from '../support/services.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

await describeWithServices('the read cache of Redis state', ['redis'], () => {
  test('answers from memory until another client has changed the workflow', async () => {
    const { server, near, telemetry } = await twoClients()
    const far = await openStore(server.url.replace('127.0.0.1', 'localhost'))
    await near.apply('w', write('x', 1))
    for (let n = 0; n < 10; n++) expect((await near.get('w', 'x'))?.value).toBe(1)
    expect(await readsOf(telemetry)).toEqual({ hit: 9, miss: 1 })
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

  test('is bounded, and its hits and misses are a metric', async () => {
    const { near, telemetry } = await twoClients(5)
    for (let n = 0; n < 20; n++) {
      await near.apply(`w${n}`, write('x', n))
      await near.get(`w${n}`, 'x')
      await near.get(`w${n}`, 'x')
    }
    expect(await readsOf(telemetry)).toEqual({ hit: 20, miss: 20 })
    for (let n = 19; n >= 15; n--) await near.get(`w${n}`, 'x')
    expect(await readsOf(telemetry)).toEqual({ hit: 25, miss: 20 })
    await near.get('w14', 'x')
    expect(await readsOf(telemetry)).toEqual({ hit: 25, miss: 21 })
  })
})

function write(key: string, value: number) {
  return { batchId: null, writes: [{ key, value }] }
}

interface CacheOptions {
  readonly cachedEntriesMax?: number | undefined
  readonly telemetry?: ProcessTelemetry
}

async function readsOf(telemetry: ProcessTelemetry): Promise<Record<string, number>> {
  const text = await telemetry.metricsText()
  const found = text.matchAll(/^cache_reads_total\{cache="state",result="(\w+)"\} (\d+)$/gm)
  return Object.fromEntries(Array.from(found, ([, result = '', count]) => [result, Number(count)]))
}

/** A store behind a proxy, and the server for others. */
async function twoClients(cachedEntriesMax?: number) {
  const server = await RedisServer.start({ appendfsync: 'everysec' })
  onTestFinished(() => server.remove())
  const proxy = await TcpProxy.start(server.port)
  onTestFinished(() => proxy.close())
  const telemetry = createTelemetry()
  const near = await openStore(`127.0.0.1:${proxy.port}`, { cachedEntriesMax, telemetry })
  return { server, proxy, telemetry, near }
}

async function openStore(
  url: string,
  { cachedEntriesMax = 100, telemetry }: CacheOptions = {},
): Promise<RedisStateStore> {
  const { connection, close } = await openRedis({ url })
  onTestFinished(close)
  const told = telemetry === undefined ? {} : { telemetry }
  return new RedisStateStore({ connection, cachedEntriesMax, ...told })
}
