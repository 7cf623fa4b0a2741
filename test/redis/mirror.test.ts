import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRedis, RedisStateStore } from 'aura-orchestration/redis'
import { afterEach, expect, test, vi } from 'vitest'
import { cleanUp, newFolder, startAura } from '../cli-process.ts'
import { defineAgent } from '../../src/agents/index.ts'
import { type EmbeddedEngine, openEngine } from '../../src/engine/index.ts'
import { storeMirror } from '../../src/state/index.ts'
import { RedisServer } from '../support/redis-server.ts'
import { describeWithServices } from '../support/services.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
  cleanUp()
})
vi.setConfig({ testTimeout: 60_000 })

const clerk = defineAgent({
  type: 'clerk',
  actions: {
    count: {
      effect: 'read',
      run: (input: { readonly n: number }, ctx) => {
        ctx.state.set('n', input.n)
        ctx.state.set(`of-${input.n}`, { n: input.n })
      },
    },
  },
})

/** Writes, waits for `go`, writes again and waits for `rest`. */
const document = {
  name: 'counting',
  version: '1.0.0',
  steps: {
    first: { agent: 'clerk', action: 'count', with: { n: 1 } },
    go: { waitFor: { signal: 'go' }, needs: ['first'] },
    second: { agent: 'clerk', action: 'count', with: { n: 2 }, needs: ['go'] },
    rest: { waitFor: { signal: 'rest' }, needs: ['second'] },
  },
} as const

await describeWithServices('the state of an engine in Redis', ['redis'], () => {
  async function open(server: RedisServer, keepMs?: number) {
    const { connection, close } = await openRedis({ url: server.url })
    const store = new RedisStateStore({ connection, cachedEntriesMax: 0 })
    const folder = mkdtempSync(join(tmpdir(), 'aura-redis-mirror-'))
    const mirrors = [{ ...storeMirror(store, keepMs), close }]
    const engine = await openEngine({ db: join(folder, 'aura.db'), agents: [clerk], mirrors })
    ends.push(() => rmSync(folder, { recursive: true }))
    ends.push(() => engine.close())
    return { engine, store }
  }

  async function start(engine: EmbeddedEngine, ids: readonly string[]): Promise<void> {
    for (const executionId of ids) await engine.startWorkflow('counting', document, { executionId })
  }

  /** Until the store has what the journal has, of executions that have written `key`. */
  async function agree(
    { engine, store }: { readonly engine: EmbeddedEngine; readonly store: RedisStateStore },
    ids: readonly string[],
    key: string,
  ): Promise<void> {
    for (const id of ids)
      await vi.waitFor(
        async () => {
          const recorded = await engine.listState(id)
          expect(recorded.map((entry) => entry.key)).toContain(key)
          expect(await store.list(id)).toEqual(recorded)
        },
        { timeout: 40_000 },
      )
  }

  const ids = Array.from({ length: 40 }, (_, n) => `counting-${n}`)

  test('executions go on while Redis is away, and it has everything when it is back', async () => {
    const server = await RedisServer.start()
    ends.push(() => server.remove())
    const opened = await open(server)
    await start(opened.engine, ids.slice(0, 20))
    await server.kill()
    await start(opened.engine, ids.slice(20))
    for (const id of ids) await opened.engine.signal(id, 'go', null)
    await vi.waitFor(async () => {
      for (const id of ids) expect(await opened.engine.getState(id, 'of-2')).not.toBeNull()
    }, 20_000)
    await server.start()
    await agree(opened, ids, 'of-2')
  })

  test('a failover to a replica that is behind is found out, and made good from the journal', async () => {
    const server = await RedisServer.start()
    ends.push(() => server.remove())
    const opened = await open(server)
    await start(opened.engine, ids)
    await agree(opened, ids, 'of-1')
    // As after a failover to a replica that has got none of it.
    await server.cli('flushall')
    for (const id of ids) await opened.engine.signal(id, 'go', null)
    await agree(opened, ids, 'of-2')
    expect((await opened.store.list('counting-0')).map(({ key }) => key)).toEqual([
      'n',
      'of-1',
      'of-2',
    ])
  })

  test('ended executions leave no key, and a change costs as many bytes after many as after few', async () => {
    const server = await RedisServer.start({ appendfsync: 'no' })
    ends.push(() => server.remove())
    const { engine, store } = await open(server, 1)
    const finish = async (all: readonly string[]): Promise<void> => {
      for (const id of all)
        for (const signal of ['go', 'rest']) await engine.signal(id, signal, null)
      await expect.poll(() => server.cli('dbsize'), { timeout: 20_000 }).toBe('0\n')
    }
    const bytesOf = async (names: readonly string[]): Promise<number> => {
      const before = await used(server)
      await start(engine, names)
      await agree({ engine, store }, names, 'of-1')
      const bytes = (await used(server)) - before
      await finish(names)
      return bytes / names.length
    }
    const named = (round: number, count: number) =>
      Array.from({ length: count }, (_, n) => `round-${round}-${n}`)
    await bytesOf(named(0, 50))
    const few = await bytesOf(named(1, 50))
    const many = named(2, 600)
    await start(engine, many)
    await agree({ engine, store }, many, 'of-1')
    await finish(many)
    const after = await bytesOf(named(3, 50))
    console.log(`bytes of state in Redis for one step that writes two entries: ${few}, ${after}`)
    expect(few).toBeGreaterThan(100)
    expect(after / few).toBeLessThan(1.3)
  })

  test('an engine of `aura run` shows its state in the Redis of REDIS_URL', async () => {
    const server = await RedisServer.start()
    ends.push(() => server.remove())
    const words = ['run', 'ledger.yaml', '--agents', 'clerk.mjs', '--json']
    const folder = newFolder()
    writeFileSync(join(folder, 'clerk.mjs'), clerkModule)
    writeFileSync(join(folder, 'ledger.yaml'), ledgerDocument)
    const env = { REDIS_URL: server.url, KAFKA_BROKERS: '' }
    const { code, stdout } = await startAura(folder, words, env).ended
    expect(code).toBe(0)
    const { executionId } = JSON.parse(stdout) as { readonly executionId: string }
    const { connection, close } = await openRedis({ url: server.url })
    ends.push(close)
    const entry = await new RedisStateStore({ connection }).get(executionId, 'total')
    expect([entry?.value, entry?.version]).toEqual([7, 1])
  })
})

const clerkModule = `
import { defineAgent } from 'aura-orchestration'
export default [
  defineAgent({
    type: 'clerk',
    actions: { book: { effect: 'read', run: (_, ctx) => ctx.state.set('total', 7) } },
  }),
]
`

const ledgerDocument = `
name: ledger
version: 1.0.0
steps:
  book: { agent: clerk, action: book }
`

async function used(server: RedisServer): Promise<number> {
  return Number(/used_memory_dataset:(\d+)/.exec(await server.cli('info', 'memory'))?.[1])
}
