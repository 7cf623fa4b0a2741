import assert from 'node:assert/strict'
import type { JsonObject } from '../../core/json.ts'
import type { WorkflowData } from '../../workflow/index.ts'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { final, held, passing } from '../scripted-agents.ts'
import { compensate, letters, undoable } from './undo-scenes.ts'

const undoing = { onFailure: 'compensate' } as const

/** `a` and `b` that can be undone, then `down`. */
const failing = {
  a: undoable(),
  b: undoable({ needs: ['a'] }),
  down: call('read', { needs: ['b'] }),
}

/** Behaviours of going back and of trying again that were missing once. */
export const undoRegressionChecks: EngineChecks = {
  async 'after a rollback out of a redriven compensation a later failure undoes everything'(stage) {
    await failToUndo(stage)
    stage.script.run = () => held
    await stage.now(stage.engine.redrive('x/b/compensate'))
    await stage.now(stage.engine.rollback('x', 'start'))
    stage.script.run = ({ stepId }) => {
      if (stepId === 'down') throw final()
      return null
    }
    const before = stage.script.calls.length
    stage.script.call('b').resolve(null)
    assert.equal((await stage.ended('x', 60_000)).status, 'failed')
    const keys = stage.script.keys.slice(before)
    assert.deepEqual(keys.slice(-2), ['x/b/2/compensate', 'x/a/2/compensate'])
  },
  async 'a failure leaves alone a redriven compensation that a rollback did not take back'(stage) {
    stage.script.run = ({ action }) => {
      if (action === 'undo') throw final('cannot undo')
      return null
    }
    const steps = {
      a: call('read'),
      b: undoable({ needs: ['a'] }),
      gate: { needs: ['b'], waitFor: { signal: 'go' } },
    }
    await stage.begin(probe(steps), { executionId: 'x' })
    stage.script.run = ({ action }) => {
      throw final(action)
    }
    await stage.now(stage.engine.rollback('x', 'start'))
    assert.equal((await stage.ended('x', 60_000)).status, 'failed')
    stage.script.run = () => held
    await stage.now(stage.engine.redrive('x/b/compensate'))
    await stage.now(stage.engine.checkpoint('x', 'here'))
    await stage.now(stage.engine.rollback('x', 'here'))
    stage.script.calls.findLast(({ action }) => action === 'undo')?.reject(passing())
    await stage.harness.advance(0)
    stage.script.call('a').reject(final())
    await stage.harness.advance(0)
    stage.script.run = () => null
    await stage.harness.restart()
    assert.equal((await stage.ended('x', 60_000)).status, 'failed')
    assert.deepEqual(await letters(stage), ['x'])
  },
  async 'a rollback takes up a compensation that a pause was holding'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'down' ? held : null)
    const id = await stage.begin(probe(failing, undoing))
    await stage.now(stage.engine.pauseWorkflow(id))
    stage.script.call('down').reject(final())
    await stage.harness.advance(0)
    assert.deepEqual(undone(stage), [])
    await stage.now(stage.engine.rollback(id, 'start'))
    assert.deepEqual(undone(stage), ['b', 'a'])
    assert.equal(await stage.status(id), 'paused')
  },
  async 'going further back waits for the compensation that is under way'(stage) {
    stage.script.run = ({ index, action }) => {
      const isHeld = action === 'undo' ? index === 0 : index === 1
      return isHeld ? held : null
    }
    const steps = { each: undoable({ forEach: '[0, 1]' }), other: undoable() }
    const id = await stage.begin(probe(steps))
    await stage.now(stage.engine.rollback(id, 'other'))
    assert.deepEqual(undone(stage), ['each', 'each'])
    await stage.now(stage.engine.rollback(id, 'start'))
    assert.deepEqual(undone(stage), ['each', 'each'])
    stage.script.run = ({ action }) => (action === 'undo' ? null : held)
    stage.script.calls.findLast(({ action }) => action === 'undo')?.resolve(null)
    await stage.harness.advance(0)
    assert.deepEqual(undone(stage), ['each', 'each', 'other'])
    await stage.now(stage.engine.cancelWorkflow(id))
    await stage.ended(id, 60_000)
  },
  async 'dead letters of two compensations of one call are closed one by one'(stage) {
    await failToUndo(stage)
    await stage.now(stage.engine.rollback('x', 'start'))
    await stage.ended('x', 60_000)
    const both = ['x', 'x/b/2/compensate', 'x/b/compensate']
    assert.deepEqual((await letters(stage)).toSorted(), both)
    await stage.now(stage.engine.discard('x/b/compensate'))
    stage.script.run = () => null
    await stage.now(stage.engine.redrive('x/b/2/compensate'))
    await stage.harness.advance(60_000)
    assert.deepEqual(await letters(stage), ['x'])
  },
  async 'a compensation that must not happen twice is asked about before it is redriven'(stage) {
    await failToChargeOnce(stage)
    const { length } = stage.script.calls
    stage.script.lookup = () => 'done before'
    await stage.now(stage.engine.redrive('x/a/compensate'))
    await stage.harness.advance(60_000)
    assert.equal(stage.script.calls.length, length)
    assert.deepEqual((await letters(stage)).toSorted(), ['x'])
  },
  async 'an undoing of which nobody knows the outcome is asked about before the next one'(stage) {
    await failToChargeOnce(stage)
    stage.script.lookup = () => 'done before'
    await stage.now(stage.engine.redrive('x'))
    await stage.ended('x', 60_000)
    assert.equal(stage.script.calls.filter(({ action }) => action === 'charge').length, 1)
    assert.deepEqual(await letters(stage), ['x'])
  },
  async 'cancel does not change how an execution ended of which a compensation is made again'(
    stage,
  ) {
    await failToUndo(stage)
    stage.script.run = () => held
    await stage.now(stage.engine.redrive('x/b/compensate'))
    await stage.now(stage.engine.cancelWorkflow('x'))
    stage.script.call('b').resolve(null)
    assert.equal((await stage.ended('x')).status, 'failed')
  },
  async 'a redriven step whose polls had succeeded runs anew under keys of its own'(stage) {
    stage.script.run = ({ stepId }) => ({ done: stepId === 'a' })
    const poll = { until: 'output.done', maxTimes: 2, delay: '1s' }
    const steps = {
      a: call('write', { compensate }),
      b: call('read', { needs: ['a'], repeat: poll }),
    }
    await stage.finish(probe(steps, undoing), { executionId: 'x', forMs: 60_000 })
    await stage.now(stage.engine.redrive('x'))
    await stage.ended('x', 60_000)
    assert.equal(new Set(stage.script.keys).size, stage.script.keys.length)
  },
  async 'a call that was given up and made again by a redrive is undone once'(stage) {
    stage.script.run = () => held
    const gate = { needs: ['a'], waitFor: { signal: 'go' } } as const
    await stage.begin(probe({ a: undoable(), gate }, { timeout: '10s' }), { executionId: 'x' })
    assert.equal((await stage.ended('x', 60_000)).status, 'failed')
    stage.script.run = () => 'done'
    await stage.now(stage.engine.redrive('x'))
    await stage.now(stage.engine.rollback('x', 'start'))
    const undos = stage.script.calls.filter(({ action }) => action === 'undo')
    assert.deepEqual(
      undos.map(({ key, input }) => [key, (input as JsonObject)['output']]),
      [['x/a/1/compensate', 'done']],
    )
  },
  async 'the first calls of a sub-workflow are bounded by the budget above it'(stage) {
    const kid: WorkflowData = { name: 'kid', version: '1.0.0', steps: { a: call('read') } }
    const each = { workflow: { name: 'kid', version: '1' }, forEach: '[1, 2, 3]' } as const
    const parent = probe({ each }, { budget: { agentCalls: 1 } })
    const id = await stage.begin(parent, { workflows: [kid] })
    assert.equal((await stage.ended(id)).status, 'failed')
    assert.equal(stage.script.calls.length, 1)
  },
}

/** An execution `x` that has failed, and of which nobody knows whether its `a` was undone. */
async function failToChargeOnce(stage: EngineStage): Promise<void> {
  const once = { agent: 'worker', action: 'charge' }
  stage.script.run = ({ action, stepId }) => {
    if (action === 'charge') throw passing()
    if (stepId === 'down') throw final()
    return null
  }
  stage.script.lookup = () => {
    throw passing('nobody answers')
  }
  const a = call('write', { compensate: once })
  const steps = { a, down: call('read', { needs: ['a'] }) }
  await stage.finish(probe(steps, undoing), { executionId: 'x', forMs: 60_000 })
}

/** An execution `x` that has failed, and whose `b` could not be undone. */
async function failToUndo(stage: EngineStage): Promise<void> {
  stage.script.run = ({ action, stepId }) => {
    if (stepId === 'down' || (action === 'undo' && stepId === 'b')) throw final()
    return null
  }
  const run = await stage.finish(probe(failing, undoing), { executionId: 'x', forMs: 60_000 })
  assert.equal(run.status, 'failed')
}

/** Steps in the order in which their compensations were called. */
function undone(stage: EngineStage): readonly string[] {
  return stage.script.calls.filter(({ action }) => action === 'undo').map(({ stepId }) => stepId)
}
