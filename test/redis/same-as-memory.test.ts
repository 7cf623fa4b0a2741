import { randomUUID } from 'node:crypto'
import { MemoryStateStore, type StateReceipt, type StateStore } from 'aura-orchestration'
import { openRedis, RedisStateStore } from 'aura-orchestration/redis'
import { FakeTime } from 'aura-orchestration/testing'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { toErrorJson } from '../../src/core/errors.ts'
import { RedisServer } from '../support/redis-server.ts'
import { describeWithServices } from '../support/services.ts'

const workflowId = 'w'
const key = fc.constantFrom('a', 'b', '__proto__')
const name = fc.constantFrom('1', '2', '3')
const guard = fc.record(
  {
    knownRevision: fc.nat(6),
    fence: fc.record({ token: fc.integer({ min: 1, max: 3 }), holder: fc.constantFrom('h', 'i') }),
  },
  { requiredKeys: [] },
)
const write = fc.record(
  {
    key,
    value: fc.jsonValue() as fc.Arbitrary<null>,
    expectedVersion: fc.nat(3),
    ttlMs: fc.integer({ min: 1, max: 20 }),
    metadata: fc.constant({ by: 'x' }),
  },
  { requiredKeys: ['key'] },
)
const writes = fc.array(write, { maxLength: 4 })

/** One call of a store, or time that passes. */
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('apply'), batchId: fc.option(name), writes, guard }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('checkpoint'), id: name, guard }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('rollback'), id: name, batchId: name, guard }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('rebuild'),
      batches: fc.array(writes, { maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.integer({ min: 1, max: 15 }) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

/** A rollback tells its versions in no order. */
function byKey(receipt: StateReceipt): StateReceipt {
  return { ...receipt, versions: receipt.versions.toSorted((a, b) => (a.key < b.key ? -1 : 1)) }
}

/** What a step answers: a receipt, or the code and the details of its refusal. */
async function answerOf(store: StateStore, step: Step): Promise<unknown> {
  try {
    if ('writes' in step) {
      const batch = { batchId: step.batchId, writes: step.writes }
      const receipt = await store.apply(workflowId, batch, step.guard)
      // What is repeated may have been a rollback under the same batch id.
      return receipt.isRepeat ? byKey(receipt) : receipt
    }
    if ('batchId' in step) {
      const back = { checkpointId: step.id, batchId: step.batchId }
      return byKey(await store.rollback(workflowId, back, step.guard))
    }
    if ('id' in step) return await store.checkpoint(workflowId, step.id, step.guard)
    if ('batches' in step) {
      const batches = step.batches.map((writes, n) => ({
        batchId: `r${n}`,
        writes,
        atMs: 1_700_000_000_000,
      }))
      return await store.rebuild(workflowId, batches)
    }
    return null
  } catch (thrown) {
    const { code, message } = toErrorJson(thrown)
    return { code, message }
  }
}

await describeWithServices('Redis and memory', ['redis'], () => {
  test('answer every sequence of changes alike', async () => {
    const server = await RedisServer.start({ appendfsync: 'no' })
    onTestFinished(() => server.remove())
    const { connection, close } = await openRedis({ url: server.url })
    onTestFinished(close)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const time = new FakeTime()
        const clock = time.newLife()
        const redis = new RedisStateStore({ connection, clock, prefix: `${randomUUID()}:` })
        const memory = new MemoryStateStore(clock)
        for (const step of steps) {
          if ('ms' in step) time.pass(step.ms)
          expect(await answerOf(redis, step)).toEqual(await answerOf(memory, step))
          expect(await redis.list(workflowId)).toEqual(await memory.list(workflowId))
          expect(await redis.revision(workflowId)).toBe(await memory.revision(workflowId))
        }
        redis.close()
      }),
      { numRuns: 150 },
    )
  }, 60_000)
})
