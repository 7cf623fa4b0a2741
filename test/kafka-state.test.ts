import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { defineAgent } from '../src/agents/index.ts'
import { systemClock as clock } from '../src/core/clock.ts'
import { openEngine } from '../src/engine/index.ts'
import { KafkaStateTopic, kafkaStateTopic, readBrokers } from '../src/integrations/kafka/index.ts'
import { MemoryStateStore, type VersionedEntry } from '../src/state/index.ts'
import { OwnBroker } from './support/own-broker.ts'
import { describeWithServices } from './support/services.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

function entry(key: string, version: number, value?: number): VersionedEntry {
  const given = value === undefined ? {} : { value }
  return { key, version, ...given, metadata: {}, atMs: version, expiresAtMs: null }
}

const counter = defineAgent({
  type: 'counter',
  actions: {
    add: {
      effect: 'read',
      run: (input: { readonly key: string }, ctx) =>
        ctx.state.update(input.key, (sum) => (typeof sum === 'number' ? sum : 0) + 1),
    },
  },
})

const steps = Object.fromEntries(
  Array.from({ length: 6 }, (_, n) => [
    `s${n}`,
    {
      agent: 'counter',
      action: 'add',
      with: { key: n % 2 === 0 ? 'even' : 'odd' },
      ...(n === 0 ? {} : { needs: [`s${n - 1}`] }),
    },
  ]),
)
const document = {
  name: 'counting',
  version: '1.0.0',
  steps: { ...steps, rest: { waitFor: { signal: 'rest' }, needs: ['s5'] } },
}

await describeWithServices('state in a compacted topic', ['kafka'], ({ kafka }) => {
  async function open(prefix = `t${randomUUID()}`, address = kafka): Promise<KafkaStateTopic> {
    const brokers = readBrokers(address)
    return kafkaStateTopic({ brokers, clock, prefix, partitions: 3 })
  }

  async function valuesIn(topic: KafkaStateTopic, workflowId: string): Promise<unknown> {
    const store = new MemoryStateStore(clock)
    await topic.rebuild(store)
    const entries = await store.list(workflowId)
    return entries.map(({ key, value, version }) => [key, value, version])
  }

  test('a store made from the topic has the newest of each entry, whatever came twice or late', async () => {
    const topic = await open()
    await topic.take('w-1', { revision: 2, entries: [entry('x', 1, 1), entry('y', 1, 1)] })
    await topic.take('w-1', { revision: 5, entries: [entry('x', 3, 3), entry('y', 2)] })
    await topic.take('w-1', { revision: 2, entries: [entry('x', 1, 1), entry('y', 1, 1)] })
    await topic.take('w-2', { revision: 1, entries: [entry('x', 1, 9)] })
    await topic.take('w-3', { revision: 1, entries: [entry('x', 1, 9)] })
    await topic.end('w-3', ['x'])
    const store = new MemoryStateStore(clock)
    const first = await topic.rebuild(store)
    expect(first).toEqual({ workflows: 2, entries: 3, unreadable: 0 })
    expect(await topic.rebuild(store)).toEqual(first)
    expect([await store.revision('w-1'), await store.revision('w-2')]).toEqual([5, 1])
    expect(
      (await store.list('w-1')).map(({ key, value, version }) => [key, value, version]),
    ).toEqual([['x', 3, 3]])
    expect(await valuesIn(topic, 'w-2')).toEqual([['x', 9, 1]])
    expect(await valuesIn(topic, 'w-3')).toEqual([])
    await topic.close()
  })
})

// The broker of the services says that the software is there; this one is the test's own, to be killed.
await describeWithServices('a state topic whose broker fails', ['kafka'], () => {
  let broker: OwnBroker
  beforeAll(async () => {
    broker = await OwnBroker.start()
  })
  afterAll(() => broker.close())

  test('a broker that is killed, and an engine that ends before it is back, leave a topic that says what the journal says', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'aura-state-topic-'))
    const db = join(folder, 'aura.db')
    const brokers = readBrokers(broker.address)
    const open = () => kafkaStateTopic({ brokers, clock, partitions: 3 })
    const first = await openEngine({ db, agents: [counter], mirrors: [await open()] })
    const ids = Array.from({ length: 60 }, (_, n) => `counting-${n}`)
    for (const id of ids.slice(0, 30))
      await first.startWorkflow('counting', document, { executionId: id })
    await broker.kill()
    for (const id of ids.slice(30))
      await first.startWorkflow('counting', document, { executionId: id })
    await vi.waitFor(async () => {
      for (const id of ids) expect(await first.getState(id, 'odd')).toBe(3)
    }, 60_000)
    await broker.restart()
    // What this one did not get to send is sent by the next one.
    await first.close()
    const engine = await openEngine({ db, agents: [counter], mirrors: [await open()] })
    engine.recoverAll()
    const topic = await open()
    await vi.waitFor(
      async () => {
        const store = new MemoryStateStore(clock)
        await topic.rebuild(store)
        for (const id of ids) expect(await store.list(id)).toEqual(await engine.listState(id))
      },
      { timeout: 60_000, interval: 500 },
    )
    for (const id of ids) await engine.signal(id, 'rest', null)
    await vi.waitFor(
      async () => {
        const { workflows } = await topic.rebuild(new MemoryStateStore(clock))
        expect(workflows).toBe(0)
      },
      { timeout: 60_000, interval: 500 },
    )
    await topic.close()
    await engine.close()
    rmSync(folder, { recursive: true, force: true })
  })
})
