import { expect, it } from 'vitest'
import type { TdaContext } from '../src/core/contracts/tda.ts'
import type { JsonObject } from '../src/core/json.ts'
import { script, scriptedTda, testWorkflow, type WorkflowTest } from '../src/testing/index.ts'

/** When tests begin, by the kit's clock. */
const startMs = 1_700_000_000_000

function anomaly(windowId: string, severity: number, t0Ms: number): Partial<TdaContext> {
  const one: JsonObject = { windowId, severity, t0Ms: startMs + t0Ms, source: 'cpu' }
  return { windowId, anomalySeverity: severity, anomalies: [one], patternConfidence: severity }
}

const watched = {
  name: 'watched',
  version: '1.0.0',
  checkpoints: { onAnomalySeverity: 0.8 },
  steps: {
    a: { agent: 'worker', action: 'work' },
    pause: { needs: ['a'], sleep: '10s' },
    b: { needs: ['pause'], agent: 'worker', action: 'work' },
    gate: { needs: ['b'], waitFor: { signal: 'go' } },
  },
} as const

const agents = () => ({ worker: { work: script.returns(null) } })

/** A verb's answer, once the present turn is over. */
async function now<T>(test: WorkflowTest, answer: Promise<T>): Promise<T> {
  answer.catch(() => {}) // looked at below
  await test.advance(0)
  return answer
}

it('an anomaly that is severe enough takes a checkpoint, once per window, and its context is recorded', async () => {
  const tda = scriptedTda([
    { atMs: 1_000, context: anomaly('w1', 0.5, 500) },
    { atMs: 2_000, context: anomaly('w2', 0.9, 1_500) },
    { atMs: 3_000, context: anomaly('w2', 0.95, 1_500) },
    { atMs: 4_000, context: anomaly('w3', 0.85, 3_500) },
  ])
  const test = await testWorkflow(watched, { agents: agents(), tda })
  const { checkpoints } = await test.show()
  expect(checkpoints.filter(({ reason }) => reason === 'anomaly')).toEqual([
    expect.objectContaining({ stepId: null, label: null, atMs: startMs + 2_000 }),
    expect.objectContaining({ atMs: startMs + 4_000 }),
  ])
  const observed = test.log.filter(({ event }) => event.kind === 'TdaObserved')
  expect(observed.map(({ atMs }) => atMs - startMs)).toEqual([1_000, 2_000, 3_000, 4_000])
  expect(await test.engine.getState(test.executionId, 'tda')).toMatchObject({ windowId: 'w3' })
  await test.close()
})

it('lastHealthy is the newest checkpoint from before the anomaly in force began', async () => {
  const tda = scriptedTda([{ atMs: 20_000, context: anomaly('w1', 0.9, 5_000) }])
  const test = await testWorkflow(watched, { agents: agents(), tda })
  await test.advance('30s')
  expect(test.calls.map(({ key }) => key.split('/').slice(1).join('/'))).toEqual(['a/1', 'b/1'])
  expect(await now(test, test.engine.rollback(test.executionId, 'lastHealthy'))).toBe(true)
  await test.advance('10s')
  // `a` completed before the anomaly, the sleep after it ended within it.
  expect(test.calls.map(({ key }) => key.split('/').slice(1).join('/'))).toEqual([
    'a/1',
    'b/1',
    'b/2',
  ])
  await test.close()
})

it('lastHealthy is refused while no anomaly is in force, and with a silent feed', async () => {
  for (const context of [null, {}]) {
    const test = await testWorkflow(watched, {
      agents: agents(),
      tda: scriptedTda([{ atMs: 0, context }]),
    })
    await expect(
      now(test, test.engine.rollback(test.executionId, 'lastHealthy')),
    ).rejects.toMatchObject({
      code: 'RefusedError',
      message: expect.stringContaining('anomaly') as string,
    })
    await test.close()
  }
})

it('every call is given the context in force, unless its step wants none', async () => {
  const seen: unknown[] = []
  const work = (_: unknown, ctx: { readonly tda: TdaContext }): null => {
    seen.push([ctx.tda.available, ctx.tda.anomalySeverity])
    return null
  }
  const tda = scriptedTda([{ atMs: 0, context: anomaly('w1', 0.7, -1_000) }])
  const test = await testWorkflow(
    {
      name: 'two',
      version: '1.0.0',
      steps: {
        a: { agent: 'worker', action: 'work' },
        b: { needs: ['a'], agent: 'worker', action: 'work', tda: 'none' },
        c: { needs: ['b'], when: 'tda.anomalySeverity >= 0.7', agent: 'worker', action: 'work' },
      },
    },
    { agents: { worker: { work } }, tda },
  )
  expect(test.status).toBe('completed')
  expect(seen).toEqual([
    [true, 0.7],
    [false, 0],
    [true, 0.7],
  ])
  await test.close()
})
