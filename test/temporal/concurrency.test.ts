import { afterEach, expect, test, vi } from 'vitest'
import type { WorkflowData } from '../../src/index.ts'
import { connect } from '../../src/integrations/temporal/connect.ts'
import {
  openShardWorkers,
  openTemporalEngine,
  openTemporalWorker,
} from '../../src/integrations/temporal/index.ts'
import { call, probe } from '../../src/testing/engine-stage.ts'
import { held, ScriptedAgents } from '../../src/testing/scripted-agents.ts'
import { describeWithServices } from '../support/services.ts'

const patience = 120_000
const soon = { timeout: 45_000, interval: 100 }
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

await describeWithServices('concurrency over workers', ['temporal'], ({ temporal: address }) => {
  let count = 0

  async function open() {
    const taskQueue = `slots-${process.pid}-${Date.now()}-${count++}`
    const engine = await openTemporalEngine({ address, taskQueue })
    closers.push(() => engine.close())
    const { client, connection } = await connect({ address })
    closers.push(() => connection.close())
    const script = new ScriptedAgents()
    const openWorker = async () => {
      const agents = script.unmeteredAgents()
      const worker = await openTemporalWorker({ address, taskQueue, agents })
      closers.push(() => worker.close())
      return worker
    }
    return { taskQueue, engine, client, script, openWorker }
  }

  const bounded = (max: number, rest: object = {}): WorkflowData =>
    probe({ a: call('write', { concurrency: { key: 'db', max }, ...rest }) })

  test(
    'two workers never run more than max calls under a key, and all of them are made',
    async () => {
      const { engine, script, openWorker } = await open()
      await Promise.all([openWorker(), openWorker()])
      let running = 0
      let most = 0
      script.run = async () => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setTimeout(resolve, 300))
        running--
        return null
      }
      const document = bounded(3)
      const runs = await Promise.all(
        Array.from({ length: 40 }, () => engine.executeWorkflow('probe', document)),
      )
      expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['completed']))
      expect(most).toBe(3)
      expect(script.calls).toHaveLength(40)
    },
    patience,
  )

  test(
    'executions of all shards of an installation bound one another',
    async () => {
      const { taskQueue: installation, script } = await open()
      const all = [0, 1].map((shard) => `${installation}.${shard}`)
      const workers = await openShardWorkers({
        address,
        installation,
        agents: script.unmeteredAgents(),
        queueOf: (shard) => all[shard] as string,
        mayBegin: () => Promise.resolve(true),
      })
      closers.push(() => workers.close())
      workers.serve([0, 1])
      await workers.settled()
      const queueOf = (id: string): string => all[id.endsWith('1') ? 1 : 0] as string
      const engine = await openTemporalEngine({ address, taskQueues: { all, of: queueOf } })
      closers.push(() => engine.close())
      script.run = () => held
      const started = ['of-0', 'of-1'].map((executionId) =>
        engine.startWorkflow('probe', bounded(1), {
          executionId: `${installation}-${executionId}`,
        }),
      )
      const ids = await Promise.all(started)
      await vi.waitFor(() => expect(script.calls).toHaveLength(1), soon)
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      expect(script.calls).toHaveLength(1)
      script.calls[0]?.resolve(null)
      await vi.waitFor(() => expect(script.calls).toHaveLength(2), soon)
      script.calls[1]?.resolve(null)
      for (const id of ids) expect((await engine.continueWorkflow(id)).status).toBe('completed')
    },
    patience,
  )

  test(
    'calls whose worker is gone ask again, and are not left out although the step says `skip`',
    async () => {
      const { engine, script, openWorker } = await open()
      const first = await openWorker()
      script.run = () => held
      const ids = await Promise.all(
        ['x', 'y'].map((name) =>
          engine.startWorkflow('probe', bounded(2, { concurrency: skip(2) }), {
            executionId: `${name}-${Date.now()}`,
          }),
        ),
      )
      await vi.waitFor(() => expect(script.calls).toHaveLength(2), soon)
      await first.close()
      script.run = () => 'made'
      await openWorker()
      for (const id of ids) {
        const { steps } = await engine.continueWorkflow(id)
        expect([steps['a']?.status, steps['a']?.output]).toEqual(['completed', 'made'])
      }
      expect(new Set(script.keys)).toEqual(new Set(ids.map((id) => `${id}/a/1`)))
      // The places of the lost calls were given back: there are as many as before.
      const failing = bounded(2, { concurrency: { ...skip(2), onFull: 'fail' } })
      script.run = () => held
      const next = [engine.startWorkflow('probe', failing), engine.startWorkflow('probe', failing)]
      await Promise.all(next)
      await vi.waitFor(() => expect(script.calls).toHaveLength(6), soon)
      const full = await engine.executeWorkflow('probe', failing)
      expect(full.error?.code).toBe('ResourceExhaustionError')
    },
    patience,
  )

  test(
    'the place of an execution that somebody terminates in Temporal is there for others',
    async () => {
      const { engine, client, script, openWorker } = await open()
      await openWorker()
      script.run = () => held
      const id = await engine.startWorkflow('probe', bounded(1))
      await vi.waitFor(() => expect(script.calls).toHaveLength(1), soon)
      const next = await engine.startWorkflow('probe', bounded(1))
      await client.workflow.getHandle(id).terminate('for the test')
      await vi.waitFor(() => expect(script.calls).toHaveLength(2), soon)
      script.calls[1]?.resolve('mine')
      expect((await engine.continueWorkflow(next)).output).toEqual({ a: 'mine' })
    },
    patience,
  )

  test(
    'a keeper that goes on in a new run knows who holds places and who waits',
    async () => {
      const { taskQueue, engine, client, script, openWorker } = await open()
      await openWorker()
      script.run = () => held
      const workflowId = `aura-slots/${taskQueue}/db`
      const slot = { key: 'db', max: 1, onFull: 'wait' }
      const holder = { id: 'h', executionId: 'h', owner: 'h', slot }
      // Nobody of that name is there, so whoever waits with it follows when it is looked for.
      const kept = { holding: [holder], waiting: [{ ...holder, id: 'w', executionId: 'w' }] }
      await client.workflow.start('auraSlots', { workflowId, taskQueue, args: [kept] })
      const id = await engine.startWorkflow('probe', bounded(1))
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      expect(script.calls).toHaveLength(0)
      await client.workflow
        .getHandle(workflowId)
        .signal('tellKeeper', [{ kind: 'leave', id: 'h', key: 'db' }])
      await vi.waitFor(() => expect(script.calls).toHaveLength(1), soon)
      script.calls[0]?.resolve('followed')
      expect((await engine.continueWorkflow(id)).output).toEqual({ a: 'followed' })
    },
    patience,
  )
})

const skip = (max: number): object => ({ key: 'db', max, onFull: 'skip' })
