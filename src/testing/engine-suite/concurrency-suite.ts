import assert from 'node:assert/strict'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { held } from '../scripted-agents.ts'

const one = { key: 'db', max: 1 }

/** Starts executions whose only step is the same one; every call stays open. */
async function startAll(
  stage: EngineStage,
  ids: readonly string[],
  concurrency: { readonly key: string; readonly max: number; readonly onFull?: string },
): Promise<void> {
  stage.script.run = () => held
  const document = probe({ a: call('read', { concurrency }) })
  for (const executionId of ids) await stage.begin(document, { executionId })
}

/** `concurrency` of a step, and who is served next where calls wait. */
export const concurrencyChecks: EngineChecks = {
  async 'no more than max attempts run under a key, over all executions, and the others follow'(
    stage,
  ) {
    await startAll(stage, ['x', 'y', 'z'], { key: 'db', max: 2 })
    assert.deepEqual(stage.script.keys, ['x/a/1', 'y/a/1'])
    assert.equal(await stage.status('z'), 'running')
    stage.script.calls[0]?.resolve(null)
    await stage.harness.advance(0)
    assert.deepEqual(stage.script.keys, ['x/a/1', 'y/a/1', 'z/a/1'])
    for (const made of stage.script.calls) made.resolve(null)
    for (const id of ['x', 'y', 'z']) assert.equal((await stage.ended(id)).status, 'completed')
    stage.releasedAll()
  },
  async 'the key may be computed, per item too'(stage) {
    const concurrency = { key: 'db-${ item % 2 }', max: 1 }
    stage.script.run = () => held
    await stage.begin(probe({ a: call('read', { forEach: '[1, 2, 3, 4]', concurrency }) }))
    assert.deepEqual(new Set(stage.script.calls.map(({ index }) => index)), new Set([0, 1]))
  },
  async 'a key that is no text of 1 to 200 characters fails the step'(stage) {
    const concurrency = { key: '${ input.keys }', max: 1 }
    const run = await stage.finish(probe({ a: call('read', { concurrency }) }), {
      input: { keys: ['a'] },
    })
    assert.equal(run.error?.code, 'ExpressionError')
  },
  async 'onFull: fail fails the call at once, and a fallback takes over'(stage) {
    await startAll(stage, ['x'], one)
    const concurrency = { ...one, onFull: 'fail' }
    const failed = await stage.finish(probe({ a: call('read', { concurrency }) }))
    assert.equal(failed.status, 'failed')
    assert.equal(failed.error?.code, 'ResourceExhaustionError')
    assert.equal(failed.steps['a']?.attempts, 0)
    assert.match(failed.error?.message ?? '', /key 'db'/)
  },
  async 'onFull: skip skips the step, and what needs it'(stage) {
    await startAll(stage, ['x'], one)
    const concurrency = { ...one, onFull: 'skip' }
    const document = probe({
      a: call('read', { concurrency }),
      b: call('read', { needs: ['a'] }),
      c: call('read', { needs: ['a'], whenSkipped: 'run', with: { was: '${ steps.a.status }' } }),
    })
    await stage.begin(document, { executionId: 'y' })
    assert.deepEqual(stage.script.call('c').input, { was: 'skipped' })
    stage.script.call('c').resolve(7)
    const { steps, status } = await stage.ended('y')
    assert.equal(status, 'completed')
    assert.deepEqual(
      [steps['a']?.status, steps['b']?.status, steps['c']?.output],
      ['skipped', 'skipped', 7],
    )
  },
  async 'an item that is skipped gives null, and the others are made'(stage) {
    const concurrency = { ...one, onFull: 'skip' }
    stage.script.run = () => held
    await stage.begin(probe({ a: call('read', { forEach: '[1, 2, 3]', concurrency }) }), {
      executionId: 'x',
    })
    assert.equal(stage.script.calls.length, 1)
    stage.script.call('a[0]').resolve('done')
    const run = await stage.ended('x')
    assert.deepEqual(run.steps['a']?.output, ['done', null, null])
  },
  async 'who waits for a key leaves its queue when it is cancelled'(stage) {
    await startAll(stage, ['x', 'y', 'z'], one)
    assert.equal(await stage.now(stage.engine.cancelWorkflow('y')), true)
    stage.script.call('a').resolve(null)
    await stage.harness.advance(0)
    assert.deepEqual(stage.script.keys, ['x/a/1', 'z/a/1'])
  },
  async 'a call that was lost in a crash waits for its key and is not skipped'(stage) {
    stage.script.run = () => held
    const later = probe({
      wait: { waitFor: { signal: 'go' } },
      a: call('read', { needs: ['wait'], concurrency: { key: 'db', max: 2 } }),
    })
    await stage.begin(later, { executionId: 'y' })
    await startAll(stage, ['x'], { ...one, onFull: 'skip' })
    await stage.now(stage.engine.signal('y', 'go', null))
    // The older one is taken up first, and then the key has no room for the other one's bound.
    await stage.harness.restart()
    assert.deepEqual(stage.script.keys, ['x/a/1', 'y/a/1', 'y/a/1'])
    stage.script.call('a').resolve(1)
    await stage.harness.advance(0)
    assert.equal(stage.script.keys.at(-1), 'x/a/1')
    stage.script.call('a').resolve(1)
    assert.equal((await stage.ended('x')).steps['a']?.status, 'completed')
  },
  async 'a key is free between two attempts, and undoing is not bounded'(stage) {
    await startAll(stage, ['x'], one)
    const document = probe(
      {
        a: { agent: 'backup', action: 'write', compensate: { agent: 'backup', action: 'undo' } },
        b: call('read', { needs: ['a'], concurrency: { ...one, onFull: 'fail' } }),
      },
      { onFailure: 'compensate' },
    )
    stage.script.run = () => null
    const run = await stage.finish(document, { executionId: 'y' })
    assert.equal(run.steps['a']?.status, 'compensated')
  },
  async 'executions that wait for an agent are served in turn, however much one of them asks for'(
    stage,
  ) {
    stage.script.run = () => held
    const many = probe({ a: { agent: 'narrow', action: 'read', forEach: '[1, 2, 3, 4, 5]' } })
    await stage.begin(many, { executionId: 'x' })
    await stage.begin(probe({ a: { agent: 'narrow', action: 'read' } }), { executionId: 'y' })
    for (let made = 0; made < 4; made++) {
      stage.script.calls.at(-1)?.resolve(null)
      await stage.harness.advance(0)
    }
    assert.deepEqual(stage.script.keys.slice(0, 4), ['x/a[0]/1', 'x/a[1]/1', 'y/a/1', 'x/a[2]/1'])
  },
}
