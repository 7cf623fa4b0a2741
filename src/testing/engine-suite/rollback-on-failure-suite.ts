import assert from 'node:assert/strict'
import type { WorkflowData } from '../../workflow/index.ts'
import { call, type EngineChecks, probe } from '../engine-stage.ts'
import { final, held, passing } from '../scripted-agents.ts'
import { done, letters, undoable, undone } from './undo-scenes.ts'

const steps = {
  a: undoable({ checkpoint: 'begun' }),
  b: undoable({ needs: ['a'] }),
  down: call('read', { needs: ['b'] }),
}

/** `a` (a checkpoint), `b` and `down`, which goes back to `to` when it fails. */
function goesBack(rollback: NonNullable<WorkflowData['rollback']>): WorkflowData {
  return probe(steps, { onFailure: 'rollback', rollback })
}

/** `onFailure: rollback`. */
export const rollbackOnFailureChecks: EngineChecks = {
  async 'onFailure: rollback goes back to `rollback.to` and goes on'(stage) {
    for (const to of ['lastCheckpoint', 'begun', 'a']) {
      const id = `to-${to}`
      stage.script.run = ({ key }) => {
        if (key === `${id}/down/1`) throw final()
        return null
      }
      const run = await stage.finish(goesBack({ to }), { executionId: id })
      assert.deepEqual([run.status, run.error], ['completed', null])
      const keys = stage.script.keys.filter((key) => key.startsWith(id))
      assert.deepEqual(
        keys,
        ['a/1', 'b/1', 'down/1', 'b/1/compensate', 'b/2', 'down/2'].map((key) => `${id}/${key}`),
      )
    }
    assert.deepEqual(await letters(stage), [])
  },
  async 'onFailure: rollback to the start runs everything again'(stage) {
    stage.script.run = ({ key }) => {
      if (key === 'x/down/1') throw final()
      return null
    }
    const run = await stage.finish(goesBack({ to: 'start' }), { executionId: 'x' })
    assert.equal(run.status, 'completed')
    assert.deepEqual(stage.script.keys.slice(3), [
      'x/b/1/compensate',
      'x/a/1/compensate',
      'x/a/2',
      'x/b/2',
      'x/down/2',
    ])
  },
  async 'the failure after maxRollbacks goes back once more and ends failed, with one dead letter'(
    stage,
  ) {
    stage.script.run = ({ stepId, key }) => {
      if (stepId === 'down') throw final(`no ${key}`)
      return null
    }
    const run = await stage.finish(goesBack({ to: 'begun' }), { executionId: 'x' })
    assert.equal(run.status, 'failed')
    assert.match(run.error?.message ?? '', /no x\/down\/2/)
    assert.deepEqual(stage.script.keys, [
      'x/a/1',
      'x/b/1',
      'x/down/1',
      'x/b/1/compensate',
      'x/b/2',
      'x/down/2',
      'x/b/2/compensate',
    ])
    assert.deepEqual(await letters(stage), ['x'])
    stage.releasedAll()
  },
  async 'maxRollbacks is how often it goes on'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'down') throw final()
      return null
    }
    const run = await stage.finish(goesBack({ to: 'begun', maxRollbacks: 3 }), {
      executionId: 'x',
    })
    assert.equal(run.status, 'failed')
    assert.equal(stage.script.count('down'), 4)
    assert.deepEqual(
      undone(stage),
      [1, 2, 3, 4].map((n) => `x/b/${n}/compensate`),
    )
  },
  async 'how often it went back is known after a crash'(stage) {
    stage.script.run = ({ stepId, key }) => {
      if (key === 'x/down/1') throw final()
      return stepId === 'down' ? held : null
    }
    await stage.begin(goesBack({ to: 'begun' }), { executionId: 'x' })
    stage.script.run = ({ stepId }) => {
      if (stepId === 'down') throw final()
      return null
    }
    await stage.harness.restart()
    assert.equal((await stage.ended('x')).status, 'failed')
    assert.deepEqual(done(stage), ['x/a/1', 'x/b/1', 'x/down/1', 'x/b/2', 'x/down/2', 'x/down/2'])
  },
  async 'state is restored when a failure goes back'(stage) {
    stage.script.run = ({ stepId, action, key, state }) => {
      if (key === 'x/down/1') throw final()
      if (action === 'write') state.set(stepId, key)
      return stepId === 'down' ? held : null
    }
    await stage.begin(goesBack({ to: 'begun' }), { executionId: 'x' })
    assert.equal(await stage.now(stage.engine.getState('x', 'a')), 'x/a/1')
    assert.equal(await stage.now(stage.engine.getState('x', 'b')), 'x/b/2')
  },
  async 'what runs beside the failure finishes before it goes back'(stage) {
    stage.script.run = ({ key }) => {
      if (key === 'x/down/1') throw final()
      return key === 'x/beside/1' ? held : null
    }
    await stage.begin(
      probe(
        { ...steps, beside: undoable({ needs: ['a'] }) },
        { onFailure: 'rollback', rollback: { to: 'begun' } },
      ),
      { executionId: 'x' },
    )
    assert.deepEqual(undone(stage), [])
    assert.equal(stage.script.call('beside').signal.aborted, false)
    stage.script.call('beside').resolve('done')
    assert.equal((await stage.ended('x')).status, 'completed')
    assert.deepEqual(undone(stage), ['x/beside/1/compensate', 'x/b/1/compensate'])
  },
  async 'an uncertain step holds the rollback of a failure back until resolve'(stage) {
    stage.script.run = ({ key }) => {
      if (key === 'x/down/1') throw final()
      if (key === 'x/pay/1') throw passing('connection lost')
      return null
    }
    const compensate = { agent: 'worker', action: 'undo' }
    await stage.begin(
      probe(
        { ...steps, pay: call('pay', { needs: ['a'], compensate }) },
        { onFailure: 'rollback', rollback: { to: 'begun' } },
      ),
      { executionId: 'x' },
    )
    await stage.harness.advance(60_000)
    assert.equal(await stage.status('x'), 'waiting')
    assert.deepEqual(undone(stage), [])
    await stage.now(stage.engine.resolve('x', 'pay', { kind: 'succeed', output: 'paid' }))
    assert.equal((await stage.ended('x')).status, 'completed')
    assert.deepEqual(undone(stage).toSorted(), ['x/b/1/compensate', 'x/pay/1/compensate'])
  },
  async 'a failure never repeats a `once` call that nothing undoes: it ends failed'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'down') throw final()
      return null
    }
    const run = await stage.finish(
      probe(
        {
          a: call('write', { checkpoint: 'begun' }),
          pay: call('pay', { needs: ['a'] }),
          down: call('read', { needs: ['pay'] }),
        },
        { onFailure: 'rollback', rollback: { to: 'begun' } },
      ),
      { executionId: 'x' },
    )
    assert.equal(run.status, 'failed')
    assert.equal(stage.script.count('pay'), 1)
    assert.deepEqual(await letters(stage), ['x'])
  },
  async 'the execution timeout goes back and does not go on'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'down' ? held : null)
    const id = await stage.begin(
      { ...goesBack({ to: 'begun' }), timeout: '10s' },
      { executionId: 'x' },
    )
    const run = await stage.ended(id, 40_000)
    assert.deepEqual([run.status, run.error?.code], ['failed', 'WorkflowTimeoutError'])
    assert.deepEqual(undone(stage), ['x/b/1/compensate'])
    assert.equal(done(stage).length, 3)
    stage.releasedAll()
  },
  async 'cancel does not go back'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'down' ? held : null)
    await stage.begin(goesBack({ to: 'begun' }), { executionId: 'x' })
    await stage.now(stage.engine.cancelWorkflow('x'))
    const run = await stage.ended('x')
    assert.equal(run.status, 'cancelled')
    assert.equal(run.steps['b']?.status, 'completed')
    assert.deepEqual(undone(stage), [])
  },
}
