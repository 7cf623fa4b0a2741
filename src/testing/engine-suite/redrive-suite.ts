import assert from 'node:assert/strict'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { final, held } from '../scripted-agents.ts'
import { redriveCompensationChecks } from './redrive-compensation-suite.ts'
import { chain, done, letters, undoable, undone } from './undo-scenes.ts'

const undoing = { onFailure: 'compensate' } as const

/** `a` and `b` that can be undone, then `down`. */
const failing = {
  a: undoable(),
  b: undoable({ needs: ['a'] }),
  down: call('read', { needs: ['b'] }),
}

/** Dead letters of executions. */
const redriveExecutionChecks: EngineChecks = {
  async 'an execution that fails opens one dead letter'(stage) {
    await fail(stage)
    await stage.harness.advance(60_000)
    const found = await stage.now(stage.engine.deadLetters())
    assert.equal(found.length, 1)
    const { error, atMs, ...rest } = found[0] ?? assert.fail()
    assert.deepEqual(rest, { id: 'x', executionId: 'x', stepId: 'down' })
    assert.deepEqual(error, (await stage.ended('x')).error)
    assert.equal(error.code, 'AgentError')
    assert.equal(atMs, stage.harness.nowMs() - 60_000)
  },
  async 'executions that complete, are cancelled or are open have none'(stage) {
    await stage.finish(probe({ a: call('read') }))
    const id = await stage.begin(chain)
    await stage.begin(chain)
    await stage.now(stage.engine.cancelWorkflow(id))
    await stage.ended(id)
    assert.deepEqual(await letters(stage), [])
  },
  async 'what fails without a step has a dead letter without one'(stage) {
    await stage.finish(probe({ a: call('read') }, { output: { v: '${ steps.a.output.gone }' } }), {
      executionId: 'x',
    })
    await stage.begin(probe({ a: { sleep: '1h' } }, { timeout: '1s' }), { executionId: 'y' })
    await stage.harness.advance(1_000)
    const found = await stage.now(stage.engine.deadLetters())
    assert.deepEqual(
      found.map(({ id, stepId, error }) => [id, stepId, error.code]),
      [
        ['x', null, 'ExpressionError'],
        ['y', null, 'WorkflowTimeoutError'],
      ],
    )
  },
  async 'redrive closes it and goes on with the failed call under its key'(stage) {
    await fail(stage)
    stage.script.run = () => 'now'
    await stage.now(stage.engine.redrive('x'))
    assert.deepEqual(await letters(stage), [])
    const run = await stage.ended('x')
    assert.deepEqual([run.status, run.error, run.output], ['completed', null, { down: 'now' }])
    assert.deepEqual(stage.script.keys, ['x/a/1', 'x/b/1', 'x/down/1', 'x/down/1'])
    stage.releasedAll()
  },
  async 'what fails again opens one anew'(stage) {
    await fail(stage)
    await stage.harness.advance(5_000)
    await stage.now(stage.engine.redrive('x'))
    assert.equal((await stage.ended('x')).status, 'failed')
    const found = await stage.now(stage.engine.deadLetters())
    assert.deepEqual(
      found.map(({ id, atMs }) => [id, atMs]),
      [['x', stage.harness.nowMs()]],
    )
    stage.script.run = () => null
    await stage.now(stage.engine.redrive('x'))
    assert.equal((await stage.ended('x')).status, 'completed')
  },
  async 'every failed step is tried again'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'a' ? null : held)
    await stage.begin(
      probe({ a: call('write'), p: call('write'), q: call('write'), r: call('write') }),
      { executionId: 'x' },
    )
    for (const step of ['p', 'q']) stage.script.call(step).reject(final())
    stage.script.call('r').resolve('kept')
    assert.equal((await stage.ended('x')).status, 'failed')
    assert.deepEqual(await letters(stage), ['x'])
    stage.script.run = () => 'again'
    await stage.now(stage.engine.redrive('x'))
    const { output } = await stage.ended('x')
    assert.deepEqual(output, { a: null, p: 'again', q: 'again', r: 'kept' })
    assert.deepEqual(done(stage).slice(4).toSorted(), ['x/p/1', 'x/q/1'])
  },
  async 'a compensated step runs again with the next run, one that was not undone is left alone'(
    stage,
  ) {
    stage.script.run = ({ stepId, action }) => {
      if (stepId === 'down') throw final()
      return action
    }
    const steps = {
      ...failing,
      plain: call('write'),
      down: call('read', { needs: ['b', 'plain'] }),
    }
    const failed = await stage.finish(probe(steps, undoing), { executionId: 'x' })
    assert.equal(failed.steps['b']?.status, 'compensated')
    const before = stage.script.calls.length
    stage.script.run = () => 'again'
    await stage.now(stage.engine.redrive('x'))
    const run = await stage.ended('x')
    assert.equal(run.status, 'completed')
    assert.deepEqual(stage.script.keys.slice(before), ['x/a/2', 'x/b/2', 'x/down/1'])
    assert.equal(run.steps['plain']?.output, 'write')
  },
  async 'after a redrive a failure undoes the new runs, under their keys'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'down') throw final()
      return null
    }
    await stage.finish(probe(failing, undoing), { executionId: 'x' })
    await stage.now(stage.engine.redrive('x'))
    assert.equal((await stage.ended('x')).status, 'failed')
    assert.deepEqual(undone(stage), [
      'x/b/1/compensate',
      'x/a/1/compensate',
      'x/b/2/compensate',
      'x/a/2/compensate',
    ])
  },
  async 'items that completed are kept, those that failed or did not start are called'(stage) {
    stage.script.run = ({ index }) => {
      if (index === 1) throw final()
      return index
    }
    await stage.finish(
      probe({ each: call('write', { forEach: '[0, 1, 2, 3]', maxParallel: 1 }) }),
      { executionId: 'x' },
    )
    stage.script.run = ({ index }) => index
    await stage.now(stage.engine.redrive('x'))
    assert.deepEqual((await stage.ended('x')).output, { each: [0, 1, 2, 3] })
    assert.deepEqual(stage.script.keys.slice(2), ['x/each[1]/1', 'x/each[2]/1', 'x/each[3]/1'])
  },
  async 'a redrive after the execution timeout has a new one'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'r' ? held : null)
    await stage.begin(
      probe({ a: call('write'), r: call('read', { needs: ['a'] }) }, { timeout: '10s' }),
      { executionId: 'x' },
    )
    assert.equal((await stage.ended('x', 10_000)).error?.code, 'WorkflowTimeoutError')
    await stage.harness.advance(60_000)
    await stage.now(stage.engine.redrive('x'))
    await stage.harness.advance(9_999)
    assert.equal(await stage.status('x'), 'running')
    assert.deepEqual(await letters(stage), [])
    assert.equal((await stage.ended('x', 1)).error?.code, 'WorkflowTimeoutError')
    assert.deepEqual(await letters(stage), ['x'])
    await stage.now(stage.engine.redrive('x'))
    stage.script.call('r').resolve('done')
    assert.deepEqual((await stage.ended('x')).output, { r: 'done' })
    assert.deepEqual(stage.script.keys, ['x/a/1', 'x/r/1', 'x/r/1', 'x/r/1'])
    stage.releasedAll()
  },
  async 'a step that the failure kept from being decided is decided after a redrive'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'bad') throw final()
      return null
    }
    await stage.finish(
      probe({
        bad: call('write'),
        nap: { sleep: '1h' },
        off: call('write', { needs: ['bad'], when: 'false' }),
        next: call('write', { needs: ['bad'] }),
      }),
      { executionId: 'x' },
    )
    stage.script.run = () => null
    await stage.now(stage.engine.redrive('x'))
    const run = await stage.ended('x', 3_600_000)
    assert.deepEqual(
      ['bad', 'nap', 'off', 'next'].map((step) => run.steps[step]?.status),
      ['completed', 'completed', 'skipped', 'completed'],
    )
  },
  async 'there is nothing to redrive or discard of open, completed, cancelled and unknown executions'(
    stage,
  ) {
    await stage.finish(probe({ a: call('read') }), { executionId: 'completed' })
    for (const id of ['open', 'cancelled']) await stage.begin(chain, { executionId: id })
    await stage.now(stage.engine.cancelWorkflow('cancelled'))
    await stage.ended('cancelled')
    for (const id of ['completed', 'open', 'cancelled', 'nobody']) {
      await stage.refused(stage.engine.redrive(id), 'NotFoundError')
      await stage.refused(stage.engine.discard(id), 'NotFoundError')
    }
    assert.equal(await stage.status('open'), 'waiting')
  },
  async 'redriving twice goes on once'(stage) {
    await fail(stage)
    stage.script.run = () => held
    const answers = await stage.now(
      Promise.allSettled([stage.engine.redrive('x'), stage.engine.redrive('x')]),
    )
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    await stage.refused(stage.engine.redrive('x'), 'NotFoundError')
    assert.deepEqual(done(stage).slice(3), ['x/down/1'])
  },
  async 'discard closes it and leaves the execution failed'(stage) {
    await fail(stage)
    await stage.now(stage.engine.discard('x'))
    assert.deepEqual(await letters(stage), [])
    assert.equal(await stage.status('x'), 'failed')
    await stage.refused(stage.engine.discard('x'), 'NotFoundError')
    await stage.refused(stage.engine.redrive('x'), 'NotFoundError')
    await stage.harness.restart()
    assert.deepEqual(await letters(stage), [])
    assert.equal(stage.script.calls.length, 3)
  },
  async 'a discarded one does not keep its execution from rolling back'(stage) {
    await fail(stage)
    await stage.now(stage.engine.discard('x'))
    stage.script.run = () => null
    await stage.now(stage.engine.rollback('x', 'a'))
    assert.equal((await stage.ended('x')).status, 'completed')
    assert.deepEqual(await letters(stage), [])
  },
  async 'dead letters outlive a crash and are redriven by the next process'(stage) {
    await fail(stage)
    const before = await stage.now(stage.engine.deadLetters())
    await stage.harness.restart()
    assert.deepEqual(await stage.now(stage.engine.deadLetters()), before)
    stage.script.run = () => held
    await stage.now(stage.engine.redrive('x'))
    stage.script.run = () => null
    await stage.harness.restart()
    assert.deepEqual(await letters(stage), [])
    assert.equal((await stage.ended('x')).status, 'completed')
    assert.deepEqual(done(stage).slice(2), ['x/down/1', 'x/down/1', 'x/down/1'])
  },
  async 'they are listed oldest first, by execution, by workflow, and not more than asked for'(
    stage,
  ) {
    for (const id of ['c', 'a', 'b']) {
      await fail(stage, id)
      await stage.harness.advance(1_000)
    }
    await stage.finish(probe(failing, { name: 'other' }), { executionId: 'd' })
    const { engine } = stage
    const ids = async (filter: Parameters<typeof engine.deadLetters>[0]) =>
      (await stage.now(engine.deadLetters(filter))).map(({ id }) => id)
    assert.deepEqual(await letters(stage), ['c', 'a', 'b', 'd'])
    assert.deepEqual(await ids({ executionId: 'a' }), ['a'])
    assert.deepEqual(await ids({ workflow: 'other' }), ['d'])
    assert.deepEqual(await ids({ workflow: 'probe' }), ['c', 'a', 'b'])
    assert.deepEqual(await ids({ limit: 2 }), ['c', 'a'])
    assert.deepEqual(await ids({ executionId: 'nobody' }), [])
  },
  async 'state written before the failure is there after a redrive and may be written again'(
    stage,
  ) {
    stage.script.run = ({ stepId, state }) => {
      if (stepId === 'down') throw final()
      state.set('k', stepId)
      return null
    }
    await stage.finish(probe(failing), { executionId: 'x' })
    stage.script.run = () => held
    await stage.now(stage.engine.redrive('x'))
    const entry = await stage.now(stage.engine.getStateEntry('x', 'k'))
    assert.deepEqual([entry?.value, entry?.version], ['b', 2])
    await stage.now(stage.engine.setState('x', 'k', 'outside', { expectedVersion: 2 }))
  },
  async 'a redrive calls no `once` call again whose outcome is not known'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'a' ? null : held)
    await stage.begin(
      probe({ a: call('write'), pay: call('pay', { needs: ['a'] }) }, { timeout: '10s' }),
      { executionId: 'x' },
    )
    assert.equal((await stage.ended('x', 10_000)).error?.code, 'WorkflowTimeoutError')
    stage.script.run = () => 'paid'
    await stage.now(stage.engine.redrive('x'))
    const { status, steps } = await stage.show('x')
    assert.deepEqual([status, steps['pay']?.status], ['waiting', 'uncertain'])
    assert.equal(stage.script.count('pay'), 1)
    await stage.now(stage.engine.resolve('x', 'pay', { kind: 'retry' }))
    assert.deepEqual((await stage.ended('x')).output, { pay: 'paid' })
    assert.deepEqual(stage.script.keys, ['x/a/1', 'x/pay/1', 'x/pay/1'])
  },
  async 'a fallback that happened and whose `outputs` failed is looked up, and its step not called anew'(
    stage,
  ) {
    const kid = { ...probe({ k: call('read') }), name: 'kid' }
    stage.script.run = ({ stepId }) => {
      if (stepId === 'k') throw final()
      return { paid: true }
    }
    stage.script.lookup = () => ({ gone: 1 })
    const step = {
      workflow: { name: 'kid' },
      fallback: { agent: 'worker', action: 'charge' },
      outputs: { v: '${ output.gone }' },
    }
    const failed = await stage.finish(probe({ page: step }), {
      executionId: 'x',
      workflows: [kid],
    })
    assert.equal(failed.status, 'failed')
    await stage.now(stage.engine.redrive('x'))
    assert.deepEqual((await stage.ended('x')).output, { page: { v: 1 } })
    assert.deepEqual(stage.script.lookups, ['x/page/1/f1'])
    assert.equal(stage.script.count('page'), 1)
  },
}

/** Dead letters: what opens, closes and tries them again. */
export const redriveChecks: EngineChecks = {
  ...redriveExecutionChecks,
  ...redriveCompensationChecks,
}

/** A failed execution of `failing`, in which nothing is undone. */
async function fail(stage: EngineStage, executionId = 'x'): Promise<void> {
  stage.script.run = ({ stepId }) => {
    if (stepId === 'down') throw final()
    return null
  }
  const run = await stage.finish(probe(failing), { executionId })
  assert.equal(run.status, 'failed')
}
