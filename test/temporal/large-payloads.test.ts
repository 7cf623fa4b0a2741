import { randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { systemClock as clock } from '../../src/core/clock.ts'
import { openRedis, RedisBlobStore } from '../../src/integrations/redis/index.ts'
import { connect } from '../../src/integrations/temporal/connect.ts'
import { openTemporalEngine, type PayloadStore } from '../../src/integrations/temporal/index.ts'
import { type BlobStore, MemoryBlobStore, type WorkflowData } from '../../src/index.ts'
import { ScriptedAgents } from '../../src/testing/scripted-agents.ts'
import { describeWithServices } from '../support/services.ts'

const patience = 60_000
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** No two are alike. */
const textOf = (megabytes: number): string => randomBytes(megabytes * 786_432).toString('base64')
const document = {
  name: 'large',
  version: '1.0.0',
  steps: {
    make: { agent: 'worker', action: 'read', with: { text: '${ input.text }' } },
    go: { waitFor: { signal: 'go' }, needs: ['make'] },
    use: {
      agent: 'worker',
      action: 'read',
      needs: ['go'],
      with: { all: '${ steps.make.output }' },
    },
  },
  output: '${ steps.use.output }',
} as unknown as WorkflowData

const short = {
  name: 'large',
  version: '1.0.0',
  steps: { make: document.steps['make'] },
} as unknown as WorkflowData

await describeWithServices('payloads over 2 MB', ['temporal', 'redis'], ({ temporal, redis }) => {
  let count = 0
  const queue = (): string => `large-${process.pid}-${clock.nowMs()}-${count++}`

  async function open(taskQueue: string, payloadStore: PayloadStore | null, more: object = {}) {
    const script = new ScriptedAgents()
    script.run = ({ input }) => input
    const engine = await openTemporalEngine({
      address: temporal,
      taskQueue,
      agents: script.unmeteredAgents(),
      ...(payloadStore === null ? {} : { payloadStore }),
      ...more,
    })
    let isOpen = true
    const close = async (): Promise<void> => {
      if (isOpen) await engine.close()
      isOpen = false
    }
    closers.push(close)
    return { engine, script, close }
  }

  test(
    'input and outputs of 3 MB go by reference, over Redis, also when another worker replays them',
    async () => {
      const { connection, close } = await openRedis({ url: redis })
      closers.push(close)
      const prefix = `large-${process.pid}:`
      const blobs = new RedisBlobStore({ connection, prefix })
      const stored: string[] = []
      const put: BlobStore['put'] = (kept, keepMs) => {
        stored.push(kept)
        return blobs.put(kept, keepMs)
      }
      const store = { blobs: { put, get: (hash: string) => blobs.get(hash) }, keepMs: 600_000 }
      const payloadKeys = { current: 'k', keys: new Map([['k', randomBytes(32)]]) }
      const taskQueue = queue()
      const text = textOf(3)
      const first = await open(taskQueue, store, { payloadKeys })
      const id = await first.engine.startWorkflow('large', document, { input: { text } })
      await expect
        .poll(async () => (await first.engine.getExecution(id)).steps['make']?.status, {
          timeout: 30_000,
        })
        .toBe('completed')
      await first.close()
      const { engine } = await open(taskQueue, store, { payloadKeys })
      await engine.signal(id, 'go', null)
      const run = await engine.continueWorkflow(id)
      expect(run.status).toBe('completed')
      expect(run.output).toEqual({ all: { text } })
      const { client, connection: raw } = await connect({
        address: temporal,
        payloadKeys,
        payloadStore: store,
      })
      closers.push(() => raw.close())
      expect(stored.length).toBeGreaterThan(0)
      for (const kept of stored)
        expect(Buffer.from(kept, 'base64').includes(text.slice(0, 100))).toBe(false)
      const { historyLength, historySize } = (await client.workflow.getHandle(id).describe()) as {
        historyLength: number
        historySize?: number
      }
      expect(historyLength).toBeGreaterThan(10)
      expect(historySize).toBeLessThan(100_000)
    },
    patience,
  )

  test(
    'many of middling size that start together are more than one message takes, and go by reference',
    async () => {
      const { engine, script } = await open(queue(), { blobs: new MemoryBlobStore(clock) })
      script.run = () => null
      const step = { agent: 'worker', action: 'read', with: { text: '${ input.text }' } }
      const steps = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`s${n}`, step]))
      const wide = { name: 'wide', version: '1.0.0', steps } as unknown as WorkflowData
      const text = textOf(1).slice(0, 450_000)
      const run = await engine.executeWorkflow('wide', wide, { input: { text } })
      expect(run.status).toBe('completed')
    },
    patience,
  )

  test(
    'a payload that is gone is a readable error',
    async () => {
      const taskQueue = queue()
      const { engine, close } = await open(taskQueue, { blobs: new MemoryBlobStore(clock) })
      const run = await engine.executeWorkflow('large', short, {
        input: { text: textOf(3) },
      })
      await close()
      const { engine: other } = await open(taskQueue, { blobs: new MemoryBlobStore(clock) })
      await expect(other.continueWorkflow(run.executionId)).rejects.toThrow(/not in the blob store/)
    },
    patience,
  )

  test(
    'without a store an input that is too large is refused, an output fails its call',
    async () => {
      const { engine, script } = await open(queue(), null)
      const start = engine.startWorkflow('large', document, { input: { text: textOf(3) } })
      await expect(start).rejects.toMatchObject({ code: 'ResourceExhaustionError' })
      script.run = () => textOf(3)
      const run = await engine.executeWorkflow('large', short, { input: { text: '' } })
      expect(run).toMatchObject({ status: 'failed', error: { code: 'ResourceExhaustionError' } })
    },
    patience,
  )

  test(
    'without a store, what is together more than Temporal takes at once goes in parts',
    async () => {
      const taskQueue = queue()
      const { engine, script } = await open(taskQueue, null)
      const text = randomBytes(450_000).toString('hex')
      script.run = ({ stepId, input }) =>
        stepId.startsWith('make') ? text : (input as { readonly all: string }).all.length
      const all = ['make0', 'make1', 'make2']
      const take = { all: '${ steps.make0.output }' }
      const use = { agent: 'worker', action: 'read', needs: all, with: take }
      const steps = Object.fromEntries([
        ...all.map((step) => [step, { agent: 'worker', action: 'read' }]),
        ...[0, 1, 2, 3, 4].map((n) => [`use${n}`, use]),
      ])
      const document = { name: 'large', version: '1.0.0', steps, output: '${ 1 }' } as WorkflowData
      const run = await engine.executeWorkflow('large', document, { executionId: taskQueue })
      expect([run.status, run.error, run.output]).toEqual(['completed', null, 1])
      expect(run.steps['make2']?.output).toBe(text)
      expect(run.steps['use4']?.output).toBe(900_000)
      const log = await engine.getLog(taskQueue)
      expect(log.map(({ seq }) => seq)).toEqual(log.map((_, place) => place + 1))
      expect(log.at(-1)?.event.kind).toBe('ExecutionCompleted')
    },
    2 * patience,
  )

  test(
    'without a store, a sub-workflow whose output is too large fails, and says so',
    async () => {
      const { engine, script } = await open(queue(), null)
      const text = randomBytes(450_000).toString('hex')
      script.run = () => text
      const made = { agent: 'worker', action: 'read' }
      const kid = {
        name: 'kid',
        version: '1.0.0',
        steps: { a: made, b: made, c: made },
      } as WorkflowData
      const page = {
        name: 'page',
        version: '1.0.0',
        steps: { kid: { workflow: { name: 'kid', version: '*' } } },
      }
      const run = await engine.executeWorkflow('page', page, { workflows: [kid] })
      expect([run.status, run.error?.code]).toEqual(['failed', 'ResourceExhaustionError'])
      expect(run.error?.hint).toContain('payloadStore')
    },
    patience,
  )
})
