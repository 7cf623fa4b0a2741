import assert from 'node:assert/strict'
import type { ErrorJson } from '../../core/errors.ts'
import { call, type EngineChecks, probe } from '../engine-stage.ts'
import { deaf, final, held } from '../scripted-agents.ts'
import { compensate, done, undone } from './undo-scenes.ts'
import { once, pattern } from './pattern-scenes.ts'

/** Patterns in executions that are stopped, undone, taken back and redriven. */
export const patternEndingChecks: EngineChecks = {
  async 'every call of a pattern is undone, also when the pattern itself failed'(stage) {
    stage.script.run = ({ agent, action, input }) => {
      if (agent === 'narrow') throw final()
      return action === 'undo' ? null : input
    }
    const run = await stage.finish(
      probe(
        { line: pattern('pipeline', { compensate, with: { v: 1 } }) },
        { onFailure: 'compensate' },
      ),
      { executionId: 'x' },
    )
    assert.deepEqual(undone(stage), ['x/line/1/c2/compensate', 'x/line/1/c1/compensate'])
    assert.deepEqual(stage.script.calls.at(-1)?.input, { input: { v: 1 }, output: { v: 1 } })
    assert.match(run.error?.message ?? '', /stage 3 of 3 \(narrow.write\) failed: no/)
    const error = run.steps['line']?.error as unknown as ErrorJson
    assert.deepEqual(error.details?.['stages'], [
      { agent: 'worker', output: { v: 1 } },
      { agent: 'backup', output: { v: 1 } },
    ])
  },
  async 'redrive goes on at the failed stage'(stage) {
    stage.script.run = ({ agent }) => {
      if (agent === 'backup') throw final()
      return agent
    }
    await stage.finish(probe({ line: pattern('pipeline') }), { executionId: 'x' })
    stage.script.run = ({ agent }) => agent
    await stage.now(stage.engine.redrive('x'))
    assert.equal((await stage.ended('x')).status, 'completed')
    assert.deepEqual(stage.script.keys, [
      'x/line/1/c1',
      'x/line/1/c2',
      'x/line/1/c2',
      'x/line/1/c3',
    ])
  },
  async 'redrive asks the voters again whose calls had failed, and no others'(stage) {
    stage.script.run = ({ agent }) => {
      if (agent !== 'worker') throw final()
      return { choice: 'yes' }
    }
    const options = { strategy: 'quorum', quorum: 2 }
    await stage.finish(probe({ vote: pattern('consensus', { options, retry: once }) }), {
      executionId: 'x',
    })
    stage.script.run = () => ({ choice: 'yes' })
    await stage.now(stage.engine.redrive('x'))
    assert.equal((await stage.ended('x')).status, 'completed')
    assert.deepEqual(stage.script.keys.slice(3).toSorted(), ['x/vote/1/c2', 'x/vote/1/c3'])
  },
  async 'redrive stays with a fallback in which a `once` call has happened'(stage) {
    stage.script.run = ({ agent, action }) => {
      if (action === 'write' || agent === 'narrow') throw final()
      return 'paid'
    }
    const fallback = { pattern: 'pipeline', agents: ['worker', 'narrow'], action: 'pay' }
    await stage.finish(probe({ line: pattern('pipeline', { fallback }) }), { executionId: 'x' })
    stage.script.run = () => 'now'
    await stage.now(stage.engine.redrive('x'))
    const run = await stage.ended('x')
    assert.deepEqual(stage.script.keys, [
      'x/line/1/c1',
      'x/line/1/c2',
      'x/line/1/c3',
      'x/line/1/c3',
    ])
    assert.equal(run.steps['line']?.degraded?.to, 'pattern pipeline')
  },
  async 'cancel ends a pattern with its calls, and nothing is held'(stage) {
    stage.script.run = ({ agent }) => (agent === 'worker' ? 'in' : held)
    const id = await stage.begin(probe({ fan: pattern('fanOut'), vote: pattern('consensus') }))
    await stage.now(stage.engine.cancelWorkflow(id))
    const run = await stage.ended(id)
    assert.deepEqual(
      [run.status, run.steps['fan']?.status, run.steps['vote']?.status],
      ['cancelled', 'cancelled', 'cancelled'],
    )
    stage.releasedAll()
  },
  async 'a pattern whose agents do not heed the cancel ends with the grace period'(stage) {
    stage.script.run = () => deaf
    const id = await stage.begin(probe({ fan: pattern('fanOut') }))
    await stage.now(stage.engine.cancelWorkflow(id))
    assert.equal((await stage.ended(id, 30_000)).status, 'cancelled')
    stage.releasedAll()
  },
  async 'a failure elsewhere lets the running calls of a pattern finish, and starts no other'(
    stage,
  ) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'down') return held
      return stepId === 'line' ? held : null
    }
    const id = await stage.begin(probe({ line: pattern('pipeline'), down: call('write') }))
    stage.script.call('down').reject(final())
    await stage.harness.advance(0)
    assert.equal(await stage.status(id), 'running')
    stage.script.call('line').resolve('first')
    const run = await stage.ended(id)
    assert.deepEqual([run.status, run.steps['line']?.status], ['failed', 'cancelled'])
    assert.equal(stage.script.count('line'), 1)
  },
  async 'at its deadline a pattern ends also while its execution stops'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'down') throw final()
      return deaf
    }
    const id = await stage.begin(
      probe({ fan: pattern('fanOut', { options: { deadline: '10s' } }), down: call('write') }),
    )
    assert.equal(await stage.status(id), 'running')
    const run = await stage.ended(id, 10_000)
    assert.deepEqual([run.status, run.steps['fan']?.status], ['failed', 'cancelled'])
    stage.releasedAll()
  },
  async 'pause withholds what a pattern wants next, resume lets it go on'(stage) {
    stage.script.run = ({ agent }) => (agent === 'worker' ? held : agent)
    const id = await stage.begin(probe({ line: pattern('pipeline') }))
    await stage.now(stage.engine.pauseWorkflow(id))
    stage.script.call('line').resolve('in')
    await stage.harness.advance(0)
    assert.deepEqual([await stage.status(id), stage.script.calls.length], ['paused', 1])
    await stage.harness.restart()
    assert.equal(stage.script.calls.length, 1)
    await stage.now(stage.engine.resumeWorkflow(id))
    assert.equal((await stage.ended(id)).status, 'completed')
    assert.equal(stage.script.calls.length, 3)
  },
  async 'a rollback takes a pattern back, undoes its calls and begins it with a higher run'(stage) {
    stage.script.run = ({ agent, action }) =>
      agent === 'narrow' && action !== 'undo' ? held : agent
    await stage.begin(
      probe({ a: call('read'), line: pattern('pipeline', { needs: ['a'], compensate }) }),
      { executionId: 'x' },
    )
    stage.script.run = ({ agent }) => agent
    await stage.now(stage.engine.rollback('x', 'a'))
    const run = await stage.ended('x')
    assert.equal(run.status, 'completed')
    assert.deepEqual(undone(stage).toSorted(), [
      'x/line/1/c1/compensate',
      'x/line/1/c2/compensate',
      'x/line/1/c3/compensate',
    ])
    assert.deepEqual(done(stage).slice(4), ['x/line/2/c1', 'x/line/2/c2', 'x/line/2/c3'])
  },
  async 'a call that a pattern gave up cannot end the same call of a later run'(stage) {
    stage.script.run = ({ agent }) => (agent === 'backup' ? { v: 1 } : deaf)
    const options = { strategy: 'first' }
    await stage.begin(
      probe({
        fan: pattern('fanOut', { options, outputs: { v: '${ output.output.v }' } }),
        gate: { needs: ['fan'], waitFor: { signal: 'go' } },
      }),
      { executionId: 'x' },
    )
    const late = stage.script.calls[0]
    stage.script.run = () => held
    await stage.now(stage.engine.rollback('x', 'start', { acceptEffects: true }))
    late?.resolve({ v: 'stale' })
    await stage.harness.advance(0)
    stage.script.call('fan').resolve({ v: 2 })
    await stage.now(stage.engine.signal('x', 'go', null))
    assert.deepEqual((await stage.ended('x')).steps['fan']?.output, { v: 2 })
  },
}
