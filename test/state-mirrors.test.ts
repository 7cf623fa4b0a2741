import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { defineAgent } from '../src/agents/index.ts'
import { systemClock as clock } from '../src/core/clock.ts'
import { OrchestrationError } from '../src/core/errors.ts'
import { type EmbeddedEngine, openEngine } from '../src/engine/index.ts'
import { MemoryStateStore, type StateMirror, storeMirror } from '../src/state/index.ts'

const closers: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'aura-mirrors-'))
  closers.push(() => rmSync(path, { recursive: true, force: true }))
  return join(path, 'aura.db')
}

const clerk = defineAgent({
  type: 'clerk',
  actions: {
    count: {
      effect: 'read',
      run: (input: { readonly n: number }, ctx) => {
        ctx.state.set('n', input.n)
        ctx.state.set(`of-${input.n}`, { n: input.n }, { metadata: { by: 'clerk' } })
        return input.n
      },
    },
  },
})

/** Writes, waits for `go`, and writes again. */
const document = {
  name: 'counting',
  version: '1.0.0',
  steps: {
    first: { agent: 'clerk', action: 'count', with: { n: 1 } },
    go: { waitFor: { signal: 'go' }, needs: ['first'] },
    second: { agent: 'clerk', action: 'count', with: { n: 2 }, needs: ['go'] },
    rest: { waitFor: { signal: 'rest' }, needs: ['second'] },
  },
}

async function open(mirrors: readonly StateMirror[], db?: string): Promise<EmbeddedEngine> {
  const engine = await openEngine({ agents: [clerk], mirrors, ...(db === undefined ? {} : { db }) })
  closers.push(() => engine.close())
  return engine
}

/** Until the store has, entry by entry, what the journal has. */
async function agree(store: MemoryStateStore, engine: EmbeddedEngine, id: string): Promise<void> {
  const recorded = await engine.listState(id)
  await vi.waitFor(async () => expect(await store.list(id)).toEqual(recorded), { timeout: 20_000 })
}

async function reached(engine: EmbeddedEngine, id: string, key: string): Promise<void> {
  await vi.waitFor(async () => expect(await engine.getState(id, key)).not.toBeNull(), {
    timeout: 20_000,
  })
}

test('a mirror has entry by entry what the journal has: values, versions, times and metadata', async () => {
  const store = new MemoryStateStore(clock)
  const engine = await open([storeMirror(store)])
  const id = await engine.startWorkflow('counting', document)
  await reached(engine, id, 'of-1')
  await engine.setState(id, 'note', 'kept', { ttlMs: 60_000 })
  await engine.setState(id, 'gone', 1)
  await engine.deleteState(id, 'gone')
  await engine.signal(id, 'go', null)
  await reached(engine, id, 'of-2')
  expect((await engine.listState(id)).map(({ key, version }) => [key, version])).toEqual([
    ['n', 2],
    ['note', 1],
    ['of-1', 1],
    ['of-2', 1],
  ])
  await agree(store, engine, id)
  await engine.setState(id, 'gone', 2)
  expect((await engine.getStateEntry(id, 'gone'))?.version).toBe(3)
  await agree(store, engine, id)
})

test('after a rollback and in a fork the mirror has what the journal has', async () => {
  const store = new MemoryStateStore(clock)
  const engine = await open([storeMirror(store)])
  const id = await engine.startWorkflow('counting', document)
  await reached(engine, id, 'of-1')
  await engine.signal(id, 'go', null)
  await reached(engine, id, 'of-2')
  const fork = await engine.fork(id, 'first')
  await engine.rollback(id, 'first')
  await vi.waitFor(async () => expect(await engine.getState(id, 'of-2')).toBeNull())
  await agree(store, engine, id)
  await reached(engine, fork, 'of-1')
  await agree(store, engine, fork)
})

test('a mirror that lost what it took is found out at the next change and made anew from the journal', async () => {
  let store = new MemoryStateStore(clock)
  const mirror: StateMirror = {
    take: (...given) => storeMirror(store).take(...given),
    end: (...given) => storeMirror(store).end(...given),
  }
  const engine = await open([mirror])
  const id = await engine.startWorkflow('counting', document)
  await reached(engine, id, 'of-1')
  await agree(store, engine, id)
  store = new MemoryStateStore(clock)
  await engine.signal(id, 'go', null)
  await reached(engine, id, 'of-2')
  await agree(store, engine, id)
  expect((await store.list(id)).map(({ key }) => key)).toEqual(['n', 'of-1', 'of-2'])
})

test('what a mirror could not take before the process ended it is given by the next one', async () => {
  const db = folder()
  const away: StateMirror = {
    take: () => Promise.reject(new OrchestrationError('StorageError', 'out of reach')),
    end: () => Promise.reject(new OrchestrationError('StorageError', 'out of reach')),
  }
  const before = await openEngine({ agents: [clerk], mirrors: [away], db })
  const id = await before.startWorkflow('counting', document)
  await reached(before, id, 'of-1')
  await before.close()
  const store = new MemoryStateStore(clock)
  const engine = await open([storeMirror(store)], db)
  engine.recoverAll()
  await agree(store, engine, id)
  expect(await store.get(id, 'of-1')).not.toBeNull()
})

test('a mirror that an engine has from now on gets everything with the next change', async () => {
  const db = folder()
  const before = await openEngine({ agents: [clerk], db })
  const id = await before.startWorkflow('counting', document)
  await reached(before, id, 'of-1')
  await before.close()
  const store = new MemoryStateStore(clock)
  const engine = await open([storeMirror(store)], db)
  await engine.setState(id, 'more', true)
  await agree(store, engine, id)
  expect((await store.list(id)).map(({ key }) => key)).toEqual(['more', 'n', 'of-1'])
})

test('the state of an ended workflow is forgotten after a while, and comes back whole when it is redriven', async () => {
  const store = new MemoryStateStore(clock)
  const engine = await open([storeMirror(store, 0)])
  const failing = {
    name: 'failing',
    version: '1.0.0',
    steps: {
      first: { agent: 'clerk', action: 'count', with: { n: 1 } },
      second: { waitFor: { signal: 'go', timeout: '50ms' as const }, needs: ['first'] },
      third: { agent: 'clerk', action: 'count', with: { n: 3 }, needs: ['second'] },
    },
  }
  const { executionId: id, status } = await engine.executeWorkflow('failing', failing)
  expect(status).toBe('failed')
  await vi.waitFor(async () => expect(await store.revision(id)).toBe(0), { timeout: 4_000 })
  await engine.redrive(id)
  await engine.setState(id, 'again', true)
  await vi.waitFor(async () => expect(await store.get(id, 'of-1')).not.toBeNull())
})
