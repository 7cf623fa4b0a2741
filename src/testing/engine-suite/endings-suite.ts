import assert from 'node:assert/strict'
import { suspend } from '../../agents/index.ts'
import { call, type EngineChecks, probe } from '../engine-stage.ts'
import { deaf, final, held, passing } from '../scripted-agents.ts'

/** Cancel and the timeout of the whole execution. */
export const endingChecks: EngineChecks = {
  async 'cancel stops starts, aborts running attempts and gives everything back'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'backoff') throw passing()
      if (stepId === 'asks') return suspend({ signal: 'never' })
      if (stepId === 'polls') return { done: false }
      return held
    }
    const id = await stage.begin(
      probe({
        runs: call('read'),
        each: call('read', { forEach: '[1, 2, 3]', maxParallel: 2 }),
        holds: { agent: 'narrow', action: 'read' },
        queues: { agent: 'narrow', action: 'read' },
        backoff: call('read'),
        polls: call('read', { repeat: { until: 'output.done' } }),
        asks: call('write'),
        naps: { sleep: '1h' },
        waits: { waitFor: { signal: 'never', timeout: '1h' } },
        absent: { agent: 'nobody', action: 'read' },
        later: call('read', { needs: ['runs'] }),
      }),
    )
    const calls = stage.script.calls.length
    assert.equal(await stage.now(stage.engine.cancelWorkflow(id)), true)
    const run = await stage.ended(id)
    assert.equal(run.status, 'cancelled')
    assert.equal(run.error?.code, 'WorkflowCancelledError')
    assert.equal(stage.script.call('runs').signal.aborted, true)
    assert.equal(stage.script.calls.length, calls)
    assert.ok(
      Object.values(run.steps).every(({ status }) => status === 'cancelled'),
      JSON.stringify(run.steps),
    )
    stage.releasedAll()
  },
  async 'what an aborted attempt answers within 30 s is recorded, also that it failed for certain'(
    stage,
  ) {
    stage.script.run = ({ action }) => (action === 'undo' ? null : deaf)
    const compensate = { agent: 'worker', action: 'undo' }
    const id = await stage.begin(
      probe(
        { did: call('pay', { compensate }), not: call('pay', { compensate }) },
        { onFailure: 'compensate' },
      ),
      { executionId: 'x' },
    )
    await stage.now(stage.engine.cancelWorkflow(id))
    await stage.harness.advance(10_000)
    stage.script.call('did').resolve('paid')
    stage.script.call('not').reject(final('refused'))
    const run = await stage.ended(id)
    assert.equal(run.status, 'cancelled')
    assert.deepEqual(run.error?.details?.['uncertain'], [])
    const undone = stage.script.calls.filter(({ action }) => action === 'undo')
    assert.deepEqual(
      undone.map(({ key, input }) => [key, input]),
      [['x/did/1/compensate', { input: {}, output: 'paid' }]],
    )
  },
  async 'a completed step of a cancelled execution stays completed'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'b' ? held : 'done')
    const id = await stage.begin(probe({ a: call('read'), b: call('read', { needs: ['a'] }) }))
    await stage.now(stage.engine.cancelWorkflow(id))
    const run = await stage.ended(id)
    assert.deepEqual(
      [run.steps['a']?.status, run.steps['a']?.output, run.steps['b']?.status],
      ['completed', 'done', 'cancelled'],
    )
  },
  async 'cancel of a waiting, a paused and a sleeping execution ends it at once'(stage) {
    for (const steps of [{ a: { waitFor: { signal: 's' } } }, { a: { sleep: '1h' } as const }]) {
      const id = await stage.begin(probe(steps))
      await stage.now(stage.engine.pauseWorkflow(id))
      assert.equal(await stage.now(stage.engine.cancelWorkflow(id)), true)
      assert.equal((await stage.ended(id)).status, 'cancelled')
    }
    stage.releasedAll()
  },
  async 'without compensation an unknown outcome at cancel is listed as uncertain, one that only read is not'(
    stage,
  ) {
    stage.script.run = () => held
    const id = await stage.begin(
      probe({
        reads: call('read'),
        writes: call('write'),
        pays: call('pay'),
        each: call('pay', { forEach: '[1, 2]' }),
      }),
    )
    await stage.now(stage.engine.cancelWorkflow(id))
    const { error } = await stage.ended(id)
    assert.deepEqual([...((error?.details?.['uncertain'] as string[]) ?? [])].toSorted(), [
      'each[0]',
      'each[1]',
      'pays',
      'writes',
    ])
  },
  async 'cancel does not wait for an uncertain step: it is listed and left uncompensated'(stage) {
    stage.script.run = ({ stepId, input }) => {
      if (stepId === 'pay') throw passing()
      return input
    }
    const compensate = { agent: 'worker', action: 'undo' }
    const id = await stage.begin(
      probe(
        { done: call('write', { compensate }), pay: call('pay', { needs: ['done'], compensate }) },
        { onFailure: 'compensate' },
      ),
      { executionId: 'x' },
    )
    assert.equal(await stage.status(id), 'waiting')
    await stage.now(stage.engine.cancelWorkflow(id))
    const run = await stage.ended(id)
    assert.equal(run.status, 'cancelled')
    assert.deepEqual(run.error?.details?.['uncertain'], ['pay'])
    assert.deepEqual(stage.script.keys, ['x/done/1', 'x/pay/1', 'x/done/1/compensate'])
  },
  async 'a lookup decides about the `once` call that cancel aborted'(stage) {
    stage.script.run = ({ action }) => (action === 'charge' ? held : null)
    stage.script.lookup = (key) => (key.includes('yes') ? 'paid' : undefined)
    const compensate = { agent: 'worker', action: 'undo' }
    const id = await stage.begin(
      probe(
        { yes: call('charge', { compensate }), no: call('charge', { compensate }) },
        { onFailure: 'compensate' },
      ),
      { executionId: 'x' },
    )
    await stage.now(stage.engine.cancelWorkflow(id))
    const run = await stage.ended(id)
    assert.deepEqual(run.error?.details?.['uncertain'], [])
    const undone = stage.script.calls.filter(({ action }) => action === 'undo')
    assert.deepEqual(
      undone.map(({ key, input }) => [key, input]),
      [['x/yes/1/compensate', { input: {}, output: 'paid' }]],
    )
  },
  async 'an uncertain step holds onFailure back until resolve'(stage) {
    stage.script.run = ({ stepId, action, input }) => {
      if (action === 'pay') throw passing()
      if (stepId === 'down') throw final()
      return input
    }
    const compensate = { agent: 'worker', action: 'undo' }
    const id = await stage.begin(
      probe(
        {
          done: call('write', { compensate }),
          pay: call('pay', { needs: ['done'], compensate }),
          down: call('read', { needs: ['done'] }),
        },
        { onFailure: 'compensate' },
      ),
      { executionId: 'x' },
    )
    await stage.harness.advance(3_600_000)
    assert.equal(await stage.status(id), 'waiting')
    assert.equal(
      stage.script.calls.some(({ action }) => action === 'undo'),
      false,
    )
    await stage.now(stage.engine.resolve(id, 'pay', { kind: 'succeed', output: 'paid' }))
    const run = await stage.ended(id)
    assert.equal(run.status, 'failed')
    assert.deepEqual(stage.script.keys.slice(-2), ['x/pay/1/compensate', 'x/done/1/compensate'])
  },
  async 'the execution timeout aborts what runs and fails the execution with WorkflowTimeoutError'(
    stage,
  ) {
    stage.script.run = () => held
    const id = await stage.begin(probe({ a: call('read'), b: { sleep: '1d' } }, { timeout: '10s' }))
    await stage.harness.advance(9_999)
    assert.equal(await stage.status(id), 'running')
    const run = await stage.ended(id, 1)
    assert.equal(run.status, 'failed')
    assert.equal(run.error?.code, 'WorkflowTimeoutError')
    assert.equal(stage.script.call('a').signal.aborted, true)
    stage.releasedAll()
  },
  async 'the execution timeout comes also while paused'(stage) {
    const id = await stage.begin(probe({ a: { sleep: '1h' } }, { timeout: '10s' }))
    await stage.now(stage.engine.pauseWorkflow(id))
    const run = await stage.ended(id, 10_000)
    assert.equal(run.error?.code, 'WorkflowTimeoutError')
  },
  async 'the execution timeout compensates, outside the timeout, and lists what is uncertain'(
    stage,
  ) {
    stage.script.run = ({ action, stepId, attempt }) => {
      if (action === 'undo' && attempt < 3) throw passing()
      if (stepId === 'pay') throw passing()
      return stepId === 'writes' && action === 'write' ? held : { of: stepId }
    }
    const compensate = { agent: 'worker', action: 'undo' }
    const retry = { initialInterval: '20s', jitter: 0 }
    const id = await stage.begin(
      probe(
        {
          done: call('write', { compensate, retry }),
          pay: call('pay'),
          writes: call('write', { compensate, retry }),
        },
        { timeout: '10s', onFailure: 'compensate' },
      ),
      { executionId: 'x' },
    )
    const run = await stage.ended(id, 200_000)
    assert.equal(run.status, 'failed')
    assert.equal(run.error?.code, 'WorkflowTimeoutError')
    assert.deepEqual(run.error?.details?.['uncertain'], ['pay'])
    const undone = stage.script.calls.filter(
      ({ action, attempt }) => action === 'undo' && attempt === 3,
    )
    assert.deepEqual(
      undone.map(({ key, input }) => [key, input]),
      [
        ['x/writes/1/compensate', { input: {}, output: null }],
        ['x/done/1/compensate', { input: {}, output: { of: 'done' } }],
      ],
    )
  },
  async 'an execution that ends in time leaves no timer'(stage) {
    await stage.finish(probe({ a: call('read', { timeout: '1h' }) }, { timeout: '1d' }))
    stage.releasedAll()
  },
}
