import { openRedis, RedisEffectLedger, RedisStateStore } from 'aura-orchestration/redis'
import { expect, onTestFinished, test } from 'vitest'
import { RedisServer } from '../support/redis-server.ts'
import { describeWithServices } from '../support/services.ts'

await describeWithServices('what Redis holds', ['redis'], () => {
  test('finished workflows leave nothing behind, and an entry costs the same however many came before', async () => {
    const server = await RedisServer.start({ appendfsync: 'no' })
    onTestFinished(() => server.remove())
    const { connection, close } = await openRedis({ url: server.url })
    onTestFinished(close)
    const store = new RedisStateStore({ connection, cachedEntriesMax: 100 })
    const ledger = new RedisEffectLedger({ connection })

    const live = async (name: string): Promise<void> => {
      const writes = [0, 1, 2, 3, 4].map((n) => ({ key: `k${n}`, value: 'x'.repeat(100) }))
      await store.apply(name, { batchId: 'a', writes })
      await store.checkpoint(name, 'c')
      const rest = { stepId: 's', agent: 'a', action: 'b', effect: 'once', atMs: 1 } as const
      await ledger.intend(name, { idempotencyKey: `${name}/s/1`, ...rest })
    }
    const finish = async (name: string): Promise<void> => {
      await Promise.all([store.expire(name, 1), ledger.expire(name, 1)])
    }
    /** Runs workflows to their end, then 200 more, and gives the bytes that one entry of those takes. */
    const bytesPerEntry = async (round: number, finished: number): Promise<number> => {
      const names = Array.from({ length: finished }, (_, n) => `r${round}-${n}`)
      await Promise.all(names.map((name) => live(name).then(() => finish(name))))
      await expect.poll(() => server.cli('dbsize'), { timeout: 15_000 }).toBe('0\n')
      const before = await usedBytes(server)
      const open = Array.from({ length: 200 }, (_, n) => `open${round}-${n}`)
      await Promise.all(open.map(live))
      const bytes = (await usedBytes(server)) - before
      await Promise.all(open.map(finish))
      return bytes / (200 * 5)
    }
    const few = await bytesPerEntry(0, 200)
    const many = await bytesPerEntry(1, 3_000)
    expect(few).toBeGreaterThan(200)
    expect(many / few).toBeLessThan(1.2)
  }, 60_000)

  test('a workflow that is written again after it ended is kept', async () => {
    const server = await RedisServer.start({ appendfsync: 'no' })
    onTestFinished(() => server.remove())
    const { connection, close } = await openRedis({ url: server.url })
    onTestFinished(close)
    const store = new RedisStateStore({ connection })
    await store.apply('w', { batchId: 'a', writes: [{ key: 'x', value: 1 }] })
    await store.expire('w', 60_000)
    expect(Number(await server.cli('pttl', 'aura:{wf:w}:state'))).toBeGreaterThan(0)
    await store.apply('w', { batchId: 'b', writes: [{ key: 'x', value: 2 }] })
    for (const part of ['state', 'meta'])
      expect(Number(await server.cli('pttl', `aura:{wf:w}:${part}`))).toBe(-1)
  })
})

async function usedBytes(server: RedisServer): Promise<number> {
  const info = await server.cli('info', 'memory')
  return Number(/used_memory_dataset:(\d+)/.exec(info)?.[1])
}
