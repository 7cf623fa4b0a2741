import assert from 'node:assert/strict'
import { call, type EngineChecks } from '../engine-stage.ts'
import { final, held } from '../scripted-agents.ts'
import { beginParent, kid, kidWith } from './children-scenes.ts'
import { compensate, done, letters, undone } from './undo-scenes.ts'

const down = { down: call('read', { needs: ['page'] }) }
const undoing = { onFailure: 'compensate' } as const

/** How what children did is undone, and what runs after that. */
export const childrenUndoChecks: EngineChecks = {
  async 'undoing a completed child undoes its steps last first, and it is cancelled'(stage) {
    stage.script.run = ({ stepId, action }) => {
      if (stepId === 'down') throw final()
      return { v: action }
    }
    await beginParent(stage, kid, { steps: down, rest: undoing })
    const run = await stage.ended('p')
    assert.deepEqual([run.status, run.steps['page']?.status], ['failed', 'compensated'])
    assert.deepEqual(undone(stage), ['p.page/k2/1/compensate', 'p.page/k1/1/compensate'])
    const child = await stage.show('p.page')
    assert.equal(child.status, 'cancelled')
    assert.deepEqual(
      ['k1', 'k2'].map((step) => child.steps[step]?.status),
      ['compensated', 'compensated'],
    )
    assert.deepEqual(await letters(stage), ['p'])
    stage.releasedAll()
  },
  async 'children and steps are undone in one order'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'down') throw final()
      return { v: 1 }
    }
    await beginParent(stage, kid, {
      page: { needs: ['before'] },
      steps: {
        before: call('write', { compensate }),
        after: call('write', { compensate, needs: ['page'] }),
        down: call('read', { needs: ['after'] }),
      },
      rest: undoing,
    })
    await stage.ended('p')
    assert.deepEqual(undone(stage), [
      'p/after/1/compensate',
      'p.page/k2/1/compensate',
      'p.page/k1/1/compensate',
      'p/before/1/compensate',
    ])
  },
  async 'a `compensate` of its own is called instead, and the child stays completed'(stage) {
    stage.script.run = ({ stepId, input }) => {
      if (stepId === 'down') throw final()
      return input
    }
    await beginParent(stage, kid, { page: { compensate }, steps: down, rest: undoing })
    const run = await stage.ended('p')
    assert.equal(run.steps['page']?.status, 'compensated')
    assert.deepEqual(undone(stage), ['p/page/1/compensate'])
    assert.deepEqual(stage.script.calls.at(-1)?.input, {
      input: {},
      output: { kid: '1.0.0', v: null },
    })
    assert.equal(await stage.status('p.page'), 'completed')
  },
  async 'a crash amid the undoing of a child goes on with it'(stage) {
    stage.script.run = ({ stepId, action }) => {
      if (stepId === 'down') throw final()
      return stepId === 'k1' && action === 'undo' ? held : { v: 1 }
    }
    await beginParent(stage, kid, { steps: down, rest: undoing })
    assert.deepEqual(undone(stage), ['p.page/k2/1/compensate', 'p.page/k1/1/compensate'])
    stage.script.run = () => null
    await stage.harness.restart()
    assert.equal((await stage.ended('p')).status, 'failed')
    assert.deepEqual(undone(stage).slice(2), ['p.page/k1/1/compensate'])
    assert.equal(await stage.status('p.page'), 'cancelled')
  },
  async 'a rollback past a child undoes it and runs a new one under the next run'(stage) {
    await beginParent(stage, kid, {
      page: { needs: ['first'] },
      steps: { first: call('read'), gate: { needs: ['page'], waitFor: { signal: 'go' } } },
    })
    await stage.now(stage.engine.rollback('p', 'first'))
    assert.deepEqual(stage.script.keys.slice(3), [
      'p.page/k2/1/compensate',
      'p.page/k1/1/compensate',
      'p.page.r2/k1/1',
      'p.page.r2/k2/1',
    ])
    assert.equal(await stage.status('p.page'), 'cancelled')
    assert.equal(await stage.status('p.page.r2'), 'completed')
    await stage.now(stage.engine.signal('p', 'go', null))
    assert.equal((await stage.ended('p')).status, 'completed')
  },
  async 'a rollback while a child runs ends and undoes it; items carry index and run'(stage) {
    stage.script.run = ({ stepId, key }) =>
      stepId === 'k2' && key.startsWith('p.page.0/') && !key.endsWith('compensate')
        ? held
        : { v: 1 }
    await beginParent(stage, kid, {
      page: { needs: ['first'], forEach: '[0]' },
      steps: { first: call('read') },
    })
    await stage.now(stage.engine.rollback('p', 'first'))
    assert.equal((await stage.ended('p')).status, 'completed')
    assert.equal(await stage.status('p.page.0'), 'cancelled')
    assert.ok(undone(stage).includes('p.page.0/k1/1/compensate'))
    assert.deepEqual(done(stage).slice(3), ['p.page.0.r2/k1/1', 'p.page.0.r2/k2/1'])
    stage.releasedAll()
  },
  async 'a redrive after a child was undone runs a new one under the next run'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'down') throw final()
      return { v: 1 }
    }
    await beginParent(stage, kid, { steps: down, rest: undoing })
    await stage.ended('p')
    stage.script.run = () => ({ v: 2 })
    await stage.now(stage.engine.redrive('p'))
    assert.equal((await stage.ended('p')).status, 'completed')
    assert.deepEqual(done(stage).slice(3), ['p.page.r2/k1/1', 'p.page.r2/k2/1', 'p/down/1'])
    assert.deepEqual(await letters(stage), [])
  },
  async 'a child that fails undoes itself as its own document says'(stage) {
    stage.script.run = ({ stepId, action }) => {
      if (stepId === 'k2' && action === 'write') throw final()
      return { v: 1 }
    }
    await beginParent(stage, { ...kid, ...undoing })
    assert.equal((await stage.ended('p')).status, 'failed')
    assert.deepEqual(undone(stage), ['p.page/k1/1/compensate'])
    assert.equal((await stage.show('p.page')).steps['k1']?.status, 'compensated')
  },
  async 'a `once` call of a child that nothing undoes refuses the rollback of its parent'(stage) {
    await beginParent(stage, kidWith({ pay: call('pay') }), {
      page: { needs: ['first'] },
      steps: { first: call('read'), gate: { needs: ['page'], waitFor: { signal: 'go' } } },
    })
    const error = await stage.refused(stage.engine.rollback('p', 'first'), 'RefusedError')
    assert.match(JSON.stringify(error.details), /page/)
    assert.equal(await stage.status('p.page'), 'completed')
    await stage.now(stage.engine.rollback('p', 'first', { acceptEffects: true }))
    assert.deepEqual(done(stage), ['p/first/1', 'p.page/pay/1', 'p.page.r2/pay/1'])
  },
  async 'a compensation that fails in a child has a dead letter there, and the rest goes on'(
    stage,
  ) {
    stage.script.run = ({ stepId, action }) => {
      if (stepId === 'down' || (stepId === 'k2' && action === 'undo')) throw final()
      return { v: 1 }
    }
    await beginParent(stage, kid, { steps: down, rest: undoing })
    assert.equal((await stage.ended('p')).status, 'failed')
    assert.deepEqual(undone(stage), ['p.page/k2/1/compensate', 'p.page/k1/1/compensate'])
    assert.ok((await letters(stage)).includes('p.page/k2/compensate'))
    assert.ok((await letters(stage)).includes('p'))
  },
}
