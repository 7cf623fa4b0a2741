import { join } from 'node:path'
import { Annotation, END, interrupt, START, StateGraph } from '@langchain/langgraph'
import { afterEach, expect, test, vi } from 'vitest'
import { defineAgent, type WorkflowData } from '../../src/index.ts'
import { callAgent, defineGraph } from '../../src/integrations/langgraph/index.ts'
import { openRedis, RedisRecordStore } from '../../src/integrations/redis/index.ts'
import { openTemporalEngine, openTemporalWorker } from '../../src/integrations/temporal/index.ts'
import { describeWithServices } from '../support/services.ts'
import { callsIn, cleanUp, kill, newFolder, startWorker } from './processes.ts'

const patience = 120_000
const soon = { timeout: 60_000, interval: 200 }
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
  cleanUp()
})

const state = Annotation.Root({
  amount: Annotation<number>,
  said: Annotation<unknown[]>({ reducer: (all, more) => [...all, ...more], default: () => [] }),
})

const document: WorkflowData = {
  name: 'books',
  version: '1.0.0',
  steps: { book: { graph: 'booking', with: { amount: 5 } } },
}

await describeWithServices('graphs under Temporal', ['temporal', 'redis'], (addresses) => {
  const { temporal: address } = addresses
  let count = 0
  const newQueue = () => `graphs-${process.pid}-${Date.now()}-${count++}`

  /** A graph that pays, asks for approval, and pays again; what the bank has heard. */
  function agentsOf() {
    const keys: string[] = []
    const bank = defineAgent({
      type: 'bank',
      actions: {
        pay: { effect: 'once', run: (_, { idempotencyKey }) => void keys.push(idempotencyKey) },
      },
    })
    const pays = (config: object) => callAgent(config, { agent: 'bank', action: 'pay', input: {} })
    const graph = new StateGraph(state)
      .addNode('pay', async ({ amount }, config) => {
        await pays(config)
        return { said: [amount] }
      })
      .addNode('ask', async (_, config) => {
        const said = interrupt({ signal: 'approval' })
        await pays(config)
        return { said: [said] }
      })
      .addEdge(START, 'pay')
      .addEdge('pay', 'ask')
      .addEdge('ask', END)
      .compile()
    return { keys, agents: [bank, defineGraph({ name: 'booking', graph })] }
  }

  async function openWorker(taskQueue: string) {
    const { keys, agents } = agentsOf()
    const { connection, close } = await openRedis({ url: addresses.redis })
    const threads = new RedisRecordStore({ connection, prefix: `${taskQueue}:` })
    const worker = await openTemporalWorker({ address, taskQueue, agents, threads })
    const closed = async () => {
      await worker.close()
      await close()
    }
    return { keys, threads, closed }
  }

  test(
    'an interrupt waits for its signal, and another worker goes on with the data',
    async () => {
      const taskQueue = newQueue()
      const engine = await openTemporalEngine({ address, taskQueue })
      closers.push(() => engine.close())
      const executionId = `x-${taskQueue}`
      const first = await openWorker(taskQueue)
      await engine.startWorkflow('books', document, { executionId })
      const status = async () => (await engine.getExecution(executionId)).status
      await vi.waitFor(async () => expect(await status()).toBe('waiting'), soon)
      await first.closed()
      const second = await openWorker(taskQueue)
      closers.push(second.closed)
      await engine.signal(executionId, 'approval', { ok: true })
      const run = await engine.continueWorkflow(executionId)
      expect(run).toMatchObject({
        status: 'completed',
        steps: { book: { attempts: 1, output: { amount: 5, said: [5, { ok: true }] } } },
      })
      const [one, two] = [1, 2].map((number) => `${executionId}/book/1/c${number}`)
      expect([first.keys, second.keys]).toEqual([[one], [two]])
      // Of a run that has ended its last checkpoint and its output are left.
      const [thread = ''] = await second.threads.groups(executionId)
      const names = await second.threads.names(thread)
      expect(names.filter((name) => name.startsWith('["note"'))).toEqual(['["note","output"]'])
      expect(names.filter((name) => name.startsWith('["checkpoint"'))).toHaveLength(1)
    },
    patience,
  )

  test(
    'a worker that is killed in the middle leaves the thread to another, which repeats nothing that is done',
    async () => {
      process.env['REDIS_URL'] = addresses.redis
      const taskQueue = newQueue()
      const place = { address, taskQueue, file: join(newFolder(), 'calls') }
      const engine = await openTemporalEngine({ ...place, heartbeatTimeoutMs: 2_000 })
      closers.push(() => engine.close())
      const program = 'graph-worker-process.ts'
      const first = await startWorker(place, 'hangs', program)
      const executionId = `x-${taskQueue}`
      await engine.startWorkflow('books', document, { executionId })
      const keys = [1, 2].map((number) => `${executionId}/book/1/c${number}`)
      const booked = keys.map((key) => `hangs book ${key}`)
      await vi.waitFor(() => expect(callsIn(place.file)).toContain(booked[1]), soon)
      await kill(first)
      await startWorker(place, 'answers', program)
      const run = await engine.continueWorkflow(executionId)
      expect(run.steps['book']).toMatchObject({ status: 'completed', output: { trail: keys } })
      expect(callsIn(place.file)).toEqual([
        'hangs enter first',
        booked[0],
        'hangs enter second',
        booked[1],
        'answers enter second',
      ])
    },
    patience,
  )

  test('a worker that nobody keeps threads for refuses graphs', async () => {
    const { agents } = agentsOf()
    await expect(openTemporalWorker({ address, agents })).rejects.toMatchObject({
      code: 'RefusedError',
      message: 'nothing keeps threads of graphs for all workers: graph.booking',
    })
  })
})
