import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { openRedis, RedisLeaseStore, RedisStateStore } from 'aura-orchestration/redis'
import { afterEach, expect, test } from 'vitest'
import { isOrchestrationError } from '../../src/core/errors.ts'
import type { RecordedBatch, StateReceipt } from '../../src/state/index.ts'
import { RedisServer } from '../support/redis-server.ts'
import { describeWithServices } from '../support/services.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

await describeWithServices('Redis fails', ['redis'], () => {
  test.each(['always', 'everysec'])(
    'kill -9 in the middle of writes loses nothing that was acknowledged (appendfsync %s)',
    async (appendfsync) => {
      const server = await startServer({ appendfsync })
      const store = await openStore(server.url)
      const acknowledged = new Map<string, StateReceipt>()
      let failures = 0
      const killed = until(async () => acknowledged.size > 300).then(async () => {
        await server.kill()
        await server.start()
      })
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let n = 0; n < 200; n++) {
          const batchId = `${writer}-${n}`
          const write = { key: `w${writer}`, value: n, expectedVersion: n }
          acknowledged.set(
            batchId,
            await untilDone(
              () => store.apply('w', { batchId, writes: [write] }),
              () => failures++,
            ),
          )
        }
      })
      await Promise.all([...writers, killed])
      expect(failures).toBeGreaterThan(0)
      expect(await store.revision('w')).toBe(1_600)
      const entries = await store.list('w')
      expect(entries.map(({ value, version }) => [value, version])).toEqual(
        Array.from({ length: 8 }, () => [199, 200]),
      )
      const revisions = Array.from(acknowledged.values(), ({ revision }) => revision)
      expect(new Set(revisions).size).toBe(1_600)
    },
  )

  test('a connection that is cut again and again applies every batch once', async () => {
    const server = await startServer()
    const proxy = await startProxy(server.port)
    const store = await openStore(`127.0.0.1:${proxy.port}`)
    let failures = 0
    for (let n = 0; n < 60; n++) {
      const write = { key: 'n', value: n, expectedVersion: n }
      const done = untilDone(
        () => store.apply('w', { batchId: `${n}`, writes: [write] }),
        () => failures++,
      )
      if (n % 6 === 0) proxy.cut()
      await done
    }
    expect(failures).toBeGreaterThan(0)
    expect((await store.get('w', 'n'))?.version).toBe(60)
    expect(await store.revision('w')).toBe(60)
  })

  test('a server that does not answer is an error in time, and nothing is applied twice', async () => {
    const server = await startServer()
    const proxy = await startProxy(server.port)
    const store = await openStore(`127.0.0.1:${proxy.port}`, { answerMsMax: 300 })
    const batch = { batchId: 'a', writes: [{ key: 'x', value: 1 }] }
    proxy.hold()
    await expect(store.apply('w', batch)).rejects.toMatchObject({
      code: 'StorageError',
      retryable: true,
      message: expect.stringContaining('no answer within 300 ms'),
    })
    proxy.release()
    await untilDone(() => store.apply('w', batch))
    expect(await store.revision('w')).toBe(1)
  })

  test('a full Redis refuses the write, keeps what it has, and takes more when there is room', async () => {
    const server = await startServer()
    const store = await openStore(server.url)
    await store.apply('w', { batchId: 'a', writes: [{ key: 'x', value: 'kept' }] })
    await server.cli('config', 'set', 'maxmemory', '1')
    const batch = { batchId: 'b', writes: [{ key: 'x', value: 'more' }] }
    await expect(store.apply('w', batch)).rejects.toMatchObject({
      code: 'ResourceExhaustionError',
      retryable: true,
      message: expect.stringContaining('maxmemory'),
    })
    expect((await store.get('w', 'x'))?.value).toBe('kept')
    await server.cli('config', 'set', 'maxmemory', '0')
    expect(await store.apply('w', batch)).toMatchObject({ revision: 2, isRepeat: false })
  })

  test('a failover that loses acknowledged writes is found out, and the state is rebuilt', async () => {
    const [primary, replica] = await Promise.all([startServer(), startServer()])
    const link = await startProxy(primary.port)
    await replica.cli('replicaof', '127.0.0.1', `${link.port}`)
    const store = await openStore(primary.url)
    const batches = Array.from({ length: 10 }, (_, n): RecordedBatch => {
      const writes = [
        { key: 'n', value: n },
        { key: `k${n}`, value: n },
      ]
      return { batchId: `${n}`, writes, atMs: 1_700_000_000_000 + n }
    })
    let known = 0
    for (const batch of batches.slice(0, 5)) known = (await store.apply('w', batch)).revision
    await until(
      async () => (await replica.cli('hget', 'aura:{wf:w}:meta', 'revision')).trim() === '5',
    )
    link.hold()
    for (const batch of batches.slice(5)) known = (await store.apply('w', batch)).revision
    const entries = await store.list('w')
    await primary.kill()
    await replica.cli('replicaof', 'no', 'one')

    const after = await openStore(replica.url)
    const next = { batchId: 'next', writes: [{ key: 'n', value: 10, expectedVersion: 10 }] }
    await expect(after.apply('w', next, { knownRevision: known })).rejects.toMatchObject({
      code: 'StateConsistencyError',
      details: { because: 'behind', revision: 5, known: 10 },
    })
    await after.rebuild('w', batches)
    const rebuilt = await after.list('w')
    const shape = (all: typeof entries) =>
      all.map(({ key, value, version }) => [key, value, version])
    expect(shape(rebuilt)).toEqual(shape(entries))
    expect(await after.apply('w', next, { knownRevision: known })).toMatchObject({ revision: 11 })
  })

  test('an owner that stood still while its lease ran out is fenced off when it wakes up', async () => {
    const server = await startServer()
    const program = join(import.meta.dirname, '../support/lease-process.ts')
    const child = spawn(process.execPath, [program, server.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    ends.push(() => child.kill('SIGKILL'))
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    expect((await lines.next()).value).toBe('owns 1')
    const store = await openStore(server.url)
    await until(async () => (await store.revision('order-1')) > 0)
    child.kill('SIGSTOP')

    const { connection, close } = await openRedis({ url: server.url })
    ends.push(close)
    const leases = new RedisLeaseStore({ connection })
    let lease = await leases.acquire('order-1', 'second', 60_000)
    await until(async () => {
      lease ??= await leases.acquire('order-1', 'second', 60_000)
      return lease !== null
    })
    const writes = [{ key: 'by', value: 'second' }]
    await store.apply('order-1', { batchId: 's', writes }, { fence: lease! })
    child.kill('SIGCONT')
    expect((await lines.next()).value).toBe('fenced')
    await once(child, 'exit')
    expect((await store.get('order-1', 'by'))?.value).toBe('second')
    expect(lease!.token).toBe(2)
  })
})

async function startServer(options: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  const server = await RedisServer.start(options)
  ends.push(() => server.remove())
  return server
}

async function startProxy(port: number): Promise<TcpProxy> {
  const proxy = await TcpProxy.start(port)
  ends.push(() => proxy.close())
  return proxy
}

async function openStore(
  url: string,
  options: { readonly answerMsMax?: number } = {},
): Promise<RedisStateStore> {
  const { connection, close } = await openRedis({ url, ...options })
  const store = new RedisStateStore({ connection })
  ends.push(close, () => store.close())
  return store
}

/** Repeats what failed for want of a connection, as a caller with a batch id may. */
async function untilDone<Done>(
  work: () => Promise<Done>,
  failed = (): unknown => null,
): Promise<Done> {
  for (;;) {
    try {
      return await work()
    } catch (thrown) {
      if (!isOrchestrationError(thrown) || !thrown.retryable) throw thrown
      failed()
      await pause(5)
    }
  }
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await pause(10)
}
