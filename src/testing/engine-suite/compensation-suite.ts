import assert from 'node:assert/strict'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { final, held, passing } from '../scripted-agents.ts'

const compensate = { agent: 'worker', action: 'undo' }
const undoing = { onFailure: 'compensate' } as const

/** What is undone, in which order, with what input. */
export const compensationChecks: EngineChecks = {
  async 'recorded successes are undone one at a time in reverse order of completion'(stage) {
    stage.script.run = ({ stepId, action }) => {
      if (stepId === 'down') throw final()
      return action === 'undo' ? null : held
    }
    const id = await stage.begin(
      probe(
        {
          a: call('write', { compensate }),
          b: call('write', { compensate }),
          c: call('write', { compensate }),
          down: call('read', { needs: ['a', 'b', 'c'] }),
        },
        undoing,
      ),
    )
    for (const step of ['b', 'c', 'a']) {
      stage.script.call(step).resolve(step)
      await stage.harness.advance(0)
    }
    const run = await stage.ended(id)
    assert.equal(run.status, 'failed')
    assert.deepEqual(undone(stage), ['a', 'c', 'b'])
    assert.deepEqual(
      ['a', 'b', 'c'].map((step) => run.steps[step]?.status),
      ['compensated', 'compensated', 'compensated'],
    )
  },
  async 'the next one is undone only when the one before has ended'(stage) {
    stage.script.run = ({ stepId, action }) => {
      if (stepId === 'down') throw final()
      return action === 'undo' ? held : null
    }
    const id = await stage.begin(
      probe(
        {
          a: call('write', { compensate }),
          b: call('write', { compensate, needs: ['a'] }),
          down: call('read', { needs: ['b'] }),
        },
        undoing,
      ),
    )
    assert.deepEqual(undone(stage), ['b'])
    assert.equal(await stage.status(id), 'running')
    stage.script.calls.at(-1)?.resolve(null)
    await stage.harness.advance(0)
    assert.deepEqual(undone(stage), ['b', 'a'])
    stage.script.calls.at(-1)?.resolve(null)
    assert.equal((await stage.ended(id)).status, 'failed')
  },
  async '`with` defaults to input and output of the undone call'(stage) {
    stage.script.run = ({ stepId, action }) => {
      if (stepId === 'down') throw final()
      return { receipt: action }
    }
    await stage.finish(
      probe(
        {
          a: call('write', {
            with: { v: '${ input.v }' },
            compensate,
            outputs: { r: '${ output.receipt }' },
          }),
          down: call('read', { needs: ['a'] }),
        },
        undoing,
      ),
      { input: { v: 9 } },
    )
    assert.deepEqual(stage.script.calls.at(-1)?.input, {
      input: { v: 9 },
      output: { receipt: 'write' },
    })
  },
  async '`with` of a compensation sees call.input, call.output, item, index and any step'(stage) {
    stage.script.run = ({ stepId, input, action }) => {
      if (stepId === 'down') throw final()
      return action === 'undo' ? null : { of: input }
    }
    const own = {
      ...compensate,
      with: {
        i: '${ call.input.v }',
        o: '${ call.output.of.v }',
        item: '${ item }',
        index: '${ index }',
        other: '${ steps.down.status }',
      },
    }
    await stage.finish(
      probe(
        {
          a: call('write', { forEach: "['x']", with: { v: '${ item }' }, compensate: own }),
          down: call('read', { needs: ['a'] }),
        },
        undoing,
      ),
    )
    const { input } = stage.script.calls.at(-1) as { input: Record<string, unknown> }
    assert.deepEqual(
      { ...input, other: null },
      { i: 'x', o: 'x', item: 'x', index: 0, other: null },
    )
  },
  async 'items are undone one by one, also those of a step that itself failed'(stage) {
    stage.script.run = ({ index, action }) => {
      if (action === 'undo') return null
      return index === 1 ? held : index
    }
    const id = await stage.begin(
      probe({ a: call('write', { forEach: '[0, 1, 2]', compensate }) }, undoing),
      { executionId: 'x' },
    )
    stage.script.call('a[1]').reject(final())
    const run = await stage.ended(id)
    assert.equal(run.status, 'failed')
    assert.deepEqual(stage.script.keys.slice(3), ['x/a[2]/1/compensate', 'x/a[0]/1/compensate'])
    assert.deepEqual(
      stage.script.calls.slice(3).map(({ input }) => input),
      [
        { input: {}, output: 2 },
        { input: {}, output: 0 },
      ],
    )
  },
  async 'a call that succeeded and whose `outputs` failed is undone'(stage) {
    stage.script.run = ({ action }) => (action === 'undo' ? null : { v: 1 })
    const run = await stage.finish(
      probe({ a: call('write', { compensate, outputs: { x: '${ output.gone }' } }) }, undoing),
    )
    assert.equal(run.status, 'failed')
    assert.deepEqual(stage.script.calls.at(-1)?.input, { input: {}, output: { v: 1 } })
  },
  async 'every successful poll and a successful fallback are undone'(stage) {
    stage.script.run = ({ agent, stepId, action, key }) => {
      if (stepId === 'down') throw final()
      if (action === 'undo') return null
      if (stepId === 'fall' && agent === 'worker') throw final()
      return { done: key.endsWith('/p2'), by: agent }
    }
    await stage.finish(
      probe(
        {
          poll: call('write', { compensate, repeat: { until: 'output.done' } }),
          fall: call('write', {
            compensate,
            needs: ['poll'],
            fallback: { agent: 'backup', action: 'write' },
          }),
          down: call('read', { needs: ['fall'] }),
        },
        undoing,
      ),
      { executionId: 'x', forMs: 1_000 },
    )
    assert.deepEqual(stage.script.keys.slice(-3), [
      'x/fall/1/f1/compensate',
      'x/poll/1/p2/compensate',
      'x/poll/1/compensate',
    ])
  },
  async 'a compensation is retried, outside the budget, under its key'(stage) {
    stage.script.run = ({ stepId, action, attempt }) => {
      if (stepId === 'down') throw final()
      if (action === 'undo' && attempt < 3) throw passing()
      return null
    }
    const run = await stage.finish(
      probe(
        { a: call('write', { compensate }), down: call('read', { needs: ['a'] }) },
        { ...undoing, budget: { agentCalls: 2 } },
      ),
      { executionId: 'x', forMs: 5_000 },
    )
    assert.equal(run.steps['a']?.status, 'compensated')
    assert.equal(run.steps['a']?.attempts, 1)
    assert.deepEqual(
      stage.script.calls.slice(2).map(({ key, attempt }) => [key, attempt]),
      [1, 2, 3].map((n) => ['x/a/1/compensate', n]),
    )
  },
  async 'a compensation that fails for good is recorded and the rest goes on'(stage) {
    stage.script.run = ({ stepId, action }) => {
      if (stepId === 'down' || (stepId === 'b' && action === 'undo'))
        throw final(`${stepId} ${action}`)
      return null
    }
    const run = await stage.finish(
      probe(
        {
          a: call('write', { compensate }),
          b: call('write', { compensate, needs: ['a'] }),
          down: call('read', { needs: ['b'] }),
        },
        undoing,
      ),
      { executionId: 'x' },
    )
    assert.equal(run.status, 'failed')
    assert.match(run.error?.message ?? '', /down read/)
    assert.deepEqual([run.steps['a']?.status, run.steps['b']?.status], ['compensated', 'completed'])
    const { errorLog } = await stage.show('x')
    assert.ok(errorLog.some(({ stepId, message }) => stepId === 'b' && message.includes('b undo')))
  },
  async 'an error in `with` of a compensation is a failure of that one only'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'down') throw final()
      return null
    }
    const bad = { ...compensate, with: { x: '${ call.output.gone }' } }
    const run = await stage.finish(
      probe(
        {
          a: call('write', { compensate }),
          b: call('write', { compensate: bad, needs: ['a'] }),
          down: call('read', { needs: ['b'] }),
        },
        undoing,
      ),
    )
    assert.equal(run.status, 'failed')
    assert.deepEqual(undone(stage), ['a'])
  },
  async 'steps without compensate, skipped steps and failed calls are not undone'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'down') throw final()
      return null
    }
    const run = await stage.finish(
      probe(
        {
          plain: call('write'),
          off: call('write', { when: 'false', compensate }),
          down: call('write', { needs: ['plain'], compensate }),
        },
        undoing,
      ),
    )
    assert.deepEqual(undone(stage), [])
    assert.deepEqual(
      [run.steps['plain']?.status, run.steps['off']?.status, run.steps['down']?.status],
      ['completed', 'skipped', 'failed'],
    )
  },
  async 'onFailure keep undoes nothing'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'down') throw final()
      return null
    }
    await stage.finish(
      probe({ a: call('write', { compensate }), down: call('read', { needs: ['a'] }) }),
    )
    assert.deepEqual(undone(stage), [])
  },
  async 'an attempt whose outcome is not known is undone with output null at cancel'(stage) {
    stage.script.run = ({ action }) => (action === 'undo' ? null : held)
    const id = await stage.begin(
      probe(
        {
          writes: call('write', { with: { v: 1 }, compensate }),
          reads: call('read', { compensate }),
          pays: call('pay', { compensate }),
        },
        undoing,
      ),
    )
    await stage.now(stage.engine.cancelWorkflow(id))
    const run = await stage.ended(id)
    assert.equal(run.status, 'cancelled')
    assert.deepEqual(undone(stage).toSorted(), ['pays', 'writes'])
    const undo = stage.script.calls.find(
      ({ action, stepId }) => action === 'undo' && stepId === 'writes',
    )
    assert.deepEqual(undo?.input, { input: { v: 1 }, output: null })
    assert.deepEqual(run.error?.details?.['uncertain'], [])
  },
  async "pause holds a failed execution's compensation and resume goes on with it"(stage) {
    stage.script.run = ({ stepId, action }) => {
      if (stepId === 'down') throw final()
      return action === 'undo' && stepId === 'b' ? held : null
    }
    const id = await stage.begin(
      probe(
        {
          a: call('write', { compensate }),
          b: call('write', { compensate, needs: ['a'] }),
          down: call('read', { needs: ['b'] }),
        },
        undoing,
      ),
    )
    assert.equal(await stage.now(stage.engine.pauseWorkflow(id)), true)
    stage.script.calls.at(-1)?.resolve(null)
    await stage.harness.advance(60_000)
    assert.deepEqual(undone(stage), ['b'])
    assert.equal(await stage.status(id), 'paused')
    assert.equal(await stage.now(stage.engine.resumeWorkflow(id)), true)
    assert.equal((await stage.ended(id)).status, 'failed')
    assert.deepEqual(undone(stage), ['b', 'a'])
  },
  async 'compensation is durable: a crash in the middle repeats only what was not recorded'(stage) {
    stage.script.run = ({ stepId, action }) => {
      if (stepId === 'down') throw final()
      return action === 'undo' && stepId === 'b' ? held : null
    }
    const id = await stage.begin(
      probe(
        {
          a: call('write', { compensate }),
          b: call('write', { compensate, needs: ['a'] }),
          c: call('write', { compensate, needs: ['b'] }),
          down: call('read', { needs: ['c'] }),
        },
        undoing,
      ),
    )
    assert.deepEqual(undone(stage), ['c', 'b'])
    stage.script.run = () => null
    await stage.harness.restart()
    const run = await stage.ended(id)
    assert.deepEqual(undone(stage), ['c', 'b', 'b', 'a'])
    assert.deepEqual(
      ['a', 'b', 'c'].map((step) => run.steps[step]?.status),
      ['compensated', 'compensated', 'compensated'],
    )
  },
  async 'cancel during the compensation of a failure lets it end as cancelled'(stage) {
    stage.script.run = ({ stepId, action }) => {
      if (stepId === 'down') throw final()
      return action === 'undo' ? held : null
    }
    const id = await stage.begin(
      probe({ a: call('write', { compensate }), down: call('read', { needs: ['a'] }) }, undoing),
    )
    assert.equal(await stage.now(stage.engine.cancelWorkflow(id)), true)
    stage.script.calls.at(-1)?.resolve(null)
    const run = await stage.ended(id)
    assert.equal(run.status, 'cancelled')
    assert.deepEqual(undone(stage), ['a'])
  },
}

/** Steps in the order in which their compensations were called. */
function undone(stage: EngineStage): readonly string[] {
  return stage.script.calls.filter(({ action }) => action === 'undo').map(({ stepId }) => stepId)
}
