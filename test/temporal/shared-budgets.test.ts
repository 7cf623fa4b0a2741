import { afterEach, expect, test, vi } from 'vitest'
import { systemClock as clock } from '../../src/core/clock.ts'
import { defineAgent, type WorkflowData } from '../../src/index.ts'
import { openRedis, RedisBudgetStore } from '../../src/integrations/redis/index.ts'
import {
  openTemporalEngine,
  openTemporalWorker,
  type SharedBudgets,
  type TemporalEngine,
} from '../../src/integrations/temporal/index.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { describeWithServices } from '../support/services.ts'

const patience = 120_000
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const exceeded = 'BudgetExceededError'

await describeWithServices('budgets of all workers', ['temporal', 'redis'], (addresses) => {
  const { temporal: address } = addresses
  let count = 0

  /** Two workers with the same agents, an engine beside them, and what the budgets have in Redis. */
  async function open(
    budget: { readonly tokens: number } | null,
    { tenants = {}, url = addresses.redis }: Pick<SharedBudgets, 'tenants'> & { url?: string } = {},
  ) {
    const name = `budgets-${process.pid}-${Date.now()}-${count++}`
    const made: string[] = []
    const workers = await Promise.all(
      ['one', 'two'].map(async (worker) => {
        const redis = await openRedis({ url, clock })
        closers.push(redis.close)
        const store = new RedisBudgetStore({ connection: redis.connection, prefix: `${name}:` })
        const model = defineAgent({
          type: 'model',
          config: { resourceLimits: { budget } },
          actions: {
            think: {
              effect: 'read',
              maxTokens: 10,
              run: (_, { budget: meter }) => {
                made.push(worker)
                meter.report({ tokens: 5 })
                return meter.tokensLeft
              },
            },
          },
        })
        const opened = await openTemporalWorker({
          address,
          taskQueue: name,
          agents: [model],
          budgets: { store, tenants },
        })
        closers.push(() => opened.close())
        return store
      }),
    )
    const engine = await openTemporalEngine({ address, taskQueue: name })
    closers.push(() => engine.close())
    return { engine, made, store: workers[0] as RedisBudgetStore }
  }

  const thinking = (metadata: object = {}): WorkflowData => ({
    name: 'thinks',
    version: '1.0.0',
    metadata: { ...metadata },
    steps: { think: { agent: 'model', action: 'think' } },
  })

  const ends = (engine: TemporalEngine, document: WorkflowData, times: number) =>
    Promise.all(
      Array.from({ length: times }, async () => {
        const run = await engine.executeWorkflow('thinks', document)
        return run.error?.code ?? run.status
      }),
    )

  test(
    'the budget of an agent holds over all workers, and what was not used is there for others',
    async () => {
      const { engine, made, store } = await open({ tokens: 60 })
      const outcomes = await ends(engine, thinking(), 20)
      // Each may use 10 and uses 5: after eleven of them five tokens are left.
      expect(outcomes.filter((outcome) => outcome === 'completed')).toHaveLength(11)
      expect(outcomes.filter((outcome) => outcome === exceeded)).toHaveLength(9)
      expect(new Set(made)).toEqual(new Set(['one', 'two']))
      const spent = await store.spent({ name: 'agent:model', fromMs: 0 })
      expect(spent).toEqual({ calls: 11, tokens: 55, costUsd: 0 })
    },
    patience,
  )

  test(
    'tenants have budgets of their own, and calls are told what is left',
    async () => {
      const tenants = { acme: { calls: 3, tokens: 1_000 }, '*': { calls: 1 } }
      const { engine } = await open(null, { tenants })
      const [acme, other, nobody] = await Promise.all([
        ends(engine, thinking({ tenant: 'acme' }), 5),
        ends(engine, thinking({ tenant: 'other' }), 2),
        ends(engine, thinking(), 2),
      ])
      expect([acme.toSorted(), other.toSorted()]).toEqual([
        [exceeded, exceeded, 'completed', 'completed', 'completed'],
        [exceeded, 'completed'],
      ])
      expect(nobody).toEqual(['completed', 'completed'])
    },
    patience,
  )

  test(
    'while the store is out of reach calls wait for it, and go on by themselves',
    async () => {
      const proxy = await TcpProxy.start(Number(new URL(addresses.redis).port || 6379))
      closers.push(() => proxy.close())
      const url = `redis://127.0.0.1:${proxy.port}`
      const { engine, made, store } = await open({ tokens: 60 }, { url })
      proxy.hold()
      const id = await engine.startWorkflow('thinks', thinking())
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      expect(made).toEqual([])
      proxy.release()
      proxy.cut()
      const run = await engine.continueWorkflow(id)
      expect([run.status, run.output]).toEqual(['completed', { think: 55 }])
      await vi.waitFor(async () => {
        const spent = await store.spent({ name: 'agent:model', fromMs: 0 })
        expect(spent).toEqual({ calls: 1, tokens: 5, costUsd: 0 })
      })
    },
    patience,
  )
})
