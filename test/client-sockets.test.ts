import { afterEach, expect, test } from 'vitest'
import { MeshAgentHost } from '../src/agents/index.ts'
import { systemClock as clock } from '../src/core/clock.ts'
import { systemRandom as random } from '../src/core/random.ts'
import {
  defineAgent,
  openEngine,
  type StepData,
  storeMirror,
  type WorkflowData,
  type WorkflowEngine,
} from '../src/index.ts'
import { kafkaMesh, readBrokers } from '../src/integrations/kafka/index.ts'
import { openRedis, RedisStateStore } from '../src/integrations/redis/index.ts'
import { openTemporalEngine } from '../src/integrations/temporal/index.ts'
import { countSockets, type SocketCounts } from './support/count-sockets.ts'
import { describeWithServices } from './support/services.ts'

const steps = 1_000
const patience = 120_000
const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** Counts the sockets to the first server of an address. */
function counted(address: string): SocketCounts {
  const [first = ''] = address.split(',')
  const { port } = new URL(first.includes('://') ? first : `tcp://${first}`)
  const counts = countSockets(Number(port))
  closers.push(counts.stop)
  return counts
}

/** Runs 1,000 steps at once, so many of them in each execution; all have to complete. */
async function runAll(
  engine: Pick<WorkflowEngine, 'executeWorkflow'>,
  step: StepData,
  together = 1,
): Promise<void> {
  const ids = Array.from({ length: together }, (_, n) => `s${n}`)
  const document: WorkflowData = {
    name: 'crowd',
    version: '1.0.0',
    steps: Object.fromEntries(ids.map((id) => [id, step])),
  }
  const runs = await Promise.all(
    Array.from({ length: steps / together }, () => engine.executeWorkflow('crowd', document)),
  )
  expect(runs.filter(({ status }) => status !== 'completed')).toEqual([])
}

await describeWithServices('sockets to Redis', ['redis'], ({ redis }) => {
  test(
    '1,000 concurrent steps that write state share one, also between two who open the same URL',
    async () => {
      const counts = counted(redis)
      const open = async () => {
        const { connection, close } = await openRedis({ url: redis })
        const prefix = `sockets-${process.pid}:`
        return { store: new RedisStateStore({ connection, prefix, cachedEntriesMax: 0 }), close }
      }
      const [first, second] = [await open(), await open()]
      closers.push(() => second.close())
      const writer = defineAgent({
        type: 'writer',
        actions: { set: { effect: 'read', run: (_, ctx) => ctx.state.set('k', 1) } },
      })
      const mirror = { ...storeMirror(first.store, 60_000), close: () => first.close() }
      const engine = await openEngine({ agents: [writer], mirrors: [mirror] })
      await runAll(engine, { agent: 'writer', action: 'set' })
      await engine.close()
      expect(await second.store.list('nobody')).toEqual([])
      expect(counts.opened).toBe(1)
    },
    patience,
  )
})

await describeWithServices('sockets to Kafka', ['kafka'], ({ kafka }) => {
  test(
    '1,000 concurrent calls of a remote agent need hardly more than the first one did',
    async () => {
      const counts = counted(kafka)
      const mesh = await kafkaMesh({
        brokers: readBrokers(kafka),
        clock,
        prefix: `sockets-${process.pid}`,
      })
      closers.push(() => mesh.close())
      const type = 'far'
      const far = defineAgent({
        type,
        config: { resourceLimits: { maxConcurrent: steps } },
        actions: { read: { effect: 'read', run: () => 'seen' } },
      })
      const host = new MeshAgentHost({ mesh, agents: [far], clock, random })
      await host.open()
      closers.push(() => host.close())
      const caller = defineAgent({
        type,
        config: {
          communicationConfig: { transport: 'mesh' },
          resourceLimits: { maxConcurrent: steps },
        },
        actions: { read: { effect: 'read' } },
      })
      const engine = await openEngine({ agents: [caller], mesh: () => mesh })
      closers.push(() => engine.close())
      await engine.invoke(type, 'read', {})
      const { opened } = counts
      await runAll(engine, { agent: type, action: 'read', timeout: '60s' })
      // A client may ask its broker anew for what it knows of it, at any time.
      expect(counts.opened).toBeLessThanOrEqual(opened + 2)
    },
    patience,
  )
})

await describeWithServices('sockets to Temporal', ['temporal'], ({ temporal }) => {
  test(
    '1,000 concurrent steps of fifty executions are started and awaited over one',
    async () => {
      const counts = counted(temporal)
      const taskQueue = `sockets-${process.pid}-${Date.now()}`
      const idle = defineAgent({
        type: 'idle',
        actions: { read: { effect: 'read', run: () => 1 } },
      })
      const engine = await openTemporalEngine({ address: temporal, taskQueue, agents: [idle] })
      closers.push(() => engine.close())
      await runAll(engine, { sleep: '1s' }, 20)
      expect(counts.opened).toBe(1)
    },
    patience,
  )
})
