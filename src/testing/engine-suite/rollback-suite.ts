import assert from 'node:assert/strict'
import { call, type EngineChecks, probe } from '../engine-stage.ts'
import { final, held } from '../scripted-agents.ts'
import { rollbackCrashChecks } from './rollback-crash-suite.ts'
import { rollbackInFlightChecks } from './rollback-in-flight-suite.ts'
import { rollbackOnFailureChecks } from './rollback-on-failure-suite.ts'
import { rollbackRefusalChecks } from './rollback-refusals-suite.ts'
import { chain, compensate, done, letters, undoable, undone } from './undo-scenes.ts'

const gate = (...needs: string[]) => ({ needs, waitFor: { signal: 'go' } })

/** What a rollback undoes, restores and decides anew. */
const goingBackChecks: EngineChecks = {
  async 'what completed after the checkpoint is undone last first, and runs again with the next run'(
    stage,
  ) {
    await stage.begin(chain, { executionId: 'x' })
    assert.equal(await stage.now(stage.engine.rollback('x', 'a')), true)
    assert.deepEqual(stage.script.keys.slice(3), [
      'x/c/1/compensate',
      'x/b/1/compensate',
      'x/b/2',
      'x/c/2',
    ])
    assert.equal(stage.script.count('a'), 1)
    await stage.now(stage.engine.signal('x', 'go', 'end'))
    const run = await stage.ended('x')
    assert.deepEqual([run.status, run.output], ['completed', { gate: 'end' }])
    stage.releasedAll()
  },
  async 'a rollback to the start undoes everything'(stage) {
    await stage.begin(chain, { executionId: 'x' })
    await stage.now(stage.engine.rollback('x', 'start'))
    assert.deepEqual(stage.script.keys.slice(3), [
      'x/c/1/compensate',
      'x/b/1/compensate',
      'x/a/1/compensate',
      'x/a/2',
      'x/b/2',
      'x/c/2',
    ])
  },
  async 'rollbackToCheckpoint is the same verb'(stage) {
    await stage.begin(chain, { executionId: 'x' })
    assert.equal(await stage.now(stage.engine.rollbackToCheckpoint('x', 'b')), true)
    assert.deepEqual(stage.script.keys.slice(3), ['x/c/1/compensate', 'x/c/2'])
  },
  async 'the order is that in which the steps completed, whatever they need'(stage) {
    stage.script.run = ({ action, key }) => (action === 'write' && key.endsWith('/1') ? held : null)
    await stage.begin(
      probe({
        p: undoable(),
        q: undoable(),
        r: undoable(),
        s: undoable({ needs: ['r'] }),
        last: gate('p', 'q', 's'),
      }),
      { executionId: 'x' },
    )
    for (const step of ['r', 'q', 's', 'p']) {
      stage.script.call(step).resolve(step)
      await stage.harness.advance(0)
    }
    await stage.now(stage.engine.rollback('x', 'start'))
    assert.deepEqual(
      undone(stage),
      ['p', 's', 'q', 'r'].map((step) => `x/${step}/1/compensate`),
    )
    assert.deepEqual(
      done(stage).slice(4).toSorted(),
      ['p', 'q', 'r', 's'].map((step) => `x/${step}/2`),
    )
  },
  async 'one is undone after the other, with input and output of its call; only then is decided anew'(
    stage,
  ) {
    stage.script.run = ({ action, stepId }) => (action === 'undo' ? held : { of: stepId })
    await stage.begin(
      probe({
        a: undoable(),
        b: undoable({ needs: ['a'], with: { v: '${ steps.a.output.of }' } }),
        c: undoable({ needs: ['b'] }),
        last: gate('c'),
      }),
      { executionId: 'x' },
    )
    await stage.now(stage.engine.rollback('x', 'a'))
    await stage.harness.advance(60_000)
    assert.deepEqual(undone(stage), ['x/c/1/compensate'])
    assert.equal(await stage.status('x'), 'running')
    stage.script.calls.at(-1)?.resolve(null)
    await stage.harness.advance(60_000)
    assert.deepEqual(undone(stage).slice(1), ['x/b/1/compensate'])
    assert.deepEqual(stage.script.calls.at(-1)?.input, { input: { v: 'a' }, output: { of: 'b' } })
    assert.equal(done(stage).length, 3)
    stage.script.calls.at(-1)?.resolve(null)
    await stage.harness.advance(0)
    assert.deepEqual(done(stage).slice(3), ['x/b/2', 'x/c/2'])
  },
  async 'a step that waits to be decided anew shows nothing of its earlier run'(stage) {
    stage.script.run = ({ action }) => (action === 'undo' ? held : 'out')
    await stage.begin(chain, { executionId: 'x' })
    const before = (await stage.show('x')).progress
    assert.deepEqual([before.completed, before.percent], [3, 75])
    await stage.now(stage.engine.rollback('x', 'a'))
    stage.script.run = () => held
    for (let undo = 0; undo < 2; undo++) {
      stage.script.calls.at(-1)?.resolve(null)
      await stage.harness.advance(0)
    }
    const { steps, progress, currentSteps } = await stage.show('x')
    assert.deepEqual(
      ['a', 'b', 'c', 'gate'].map((step) => [steps[step]?.status, steps[step]?.output]),
      [
        ['completed', 'out'],
        ['running', null],
        ['pending', null],
        ['pending', null],
      ],
    )
    assert.deepEqual([progress.completed, progress.percent, currentSteps], [1, 25, ['b']])
  },
  async 'state is what it was at the checkpoint, written as new and higher versions'(stage) {
    stage.script.run = ({ stepId, action, state, key }) => {
      if (action === 'undo') return null
      if (stepId === 'a') {
        state.set('changed', 'old', { metadata: { m: 1 } })
        state.set('deleted', 'old')
        state.set('same', 'old')
      } else if (key === 'x/b/1') {
        state.set('changed', 'new')
        state.delete('deleted')
        state.set('created', 'new')
      }
      return null
    }
    await stage.begin(chain, { executionId: 'x' })
    const { engine } = stage
    await stage.now(engine.setState('x', 'changed', 'newer'))
    await stage.now(engine.setState('x', 'outside', 'newer'))
    await stage.now(engine.rollback('x', 'a'))
    const entries = await stage.now(engine.listState('x'))
    assert.deepEqual(
      entries.map(({ key, value, metadata }) => [key, value, metadata]),
      [
        ['changed', 'old', { m: 1 }],
        ['deleted', 'old', {}],
        ['same', 'old', {}],
      ],
    )
    const versions = Object.fromEntries(entries.map(({ key, version }) => [key, version]))
    assert.ok((versions['changed'] ?? 0) > 3, JSON.stringify(versions))
    assert.ok((versions['deleted'] ?? 0) > 1, JSON.stringify(versions))
    await stage.refused(
      engine.setState('x', 'changed', 'stale', { expectedVersion: 3 }),
      'StateConsistencyError',
    )
    await stage.now(engine.setState('x', 'created', 1, { expectedVersion: 0 }))
    assert.ok(((await stage.now(engine.getStateEntry('x', 'created')))?.version ?? 0) > 1)
  },
  async 'restored state and versions are the same after a crash'(stage) {
    await stage.begin(chain, { executionId: 'x' })
    await stage.now(stage.engine.setState('x', 'k', 1))
    await stage.now(stage.engine.checkpoint('x', 'L'))
    await stage.now(stage.engine.setState('x', 'k', 2))
    await stage.now(stage.engine.setState('x', 'new', 2))
    await stage.now(stage.engine.rollback('x', 'L'))
    const before = await stage.now(stage.engine.listState('x'))
    assert.deepEqual(
      before.map(({ key, value }) => [key, value]),
      [['k', 1]],
    )
    await stage.harness.restart()
    assert.deepEqual(await stage.now(stage.engine.listState('x')), before)
  },
  async 'a step that runs again sees the restored state'(stage) {
    const seen: unknown[] = []
    stage.script.run = async ({ stepId, action, state }) => {
      if (action === 'undo') return
      if (stepId === 'b') seen.push(await state.get('n'))
      state.update('n', (n) => ((n as number | null) ?? 0) + 1)
    }
    await stage.begin(chain, { executionId: 'x' })
    await stage.now(stage.engine.rollback('x', 'a'))
    assert.deepEqual(seen, [1, 1])
    assert.equal(await stage.now(stage.engine.getState('x', 'n')), 3)
  },
  async 'a step that was skipped after the checkpoint is decided anew'(stage) {
    stage.script.run = ({ stepId, key }) => (stepId === 'b' ? { go: key === 'x/b/2' } : null)
    const id = await stage.begin(
      probe({
        a: call('write'),
        b: call('write', { needs: ['a'] }),
        yes: call('write', { needs: ['b'], when: 'steps.b.output.go' }),
        no: call('write', { needs: ['b'], when: '!steps.b.output.go', compensate }),
        last: { needs: ['yes', 'no'], waitFor: { signal: 'go' } },
      }),
      { executionId: 'x' },
    )
    assert.equal((await stage.show(id)).steps['yes']?.status, 'skipped')
    await stage.now(stage.engine.rollback(id, 'a'))
    const { steps } = await stage.show(id)
    assert.deepEqual([steps['yes']?.status, steps['no']?.status], ['completed', 'skipped'])
    assert.deepEqual(stage.script.keys, [
      'x/a/1',
      'x/b/1',
      'x/no/1',
      'x/no/1/compensate',
      'x/b/2',
      'x/yes/2',
    ])
  },
  async 'a failure that was tolerated after the checkpoint is decided anew'(stage) {
    stage.script.run = ({ key }) => {
      if (key === 'x/bad/1') throw final()
      return null
    }
    await stage.begin(
      probe({
        a: call('write'),
        bad: call('write', { needs: ['a'], continueOnFailure: true }),
        last: gate('bad'),
      }),
      { executionId: 'x' },
    )
    assert.equal((await stage.show('x')).steps['bad']?.status, 'failed')
    await stage.now(stage.engine.rollback('x', 'a'))
    const { status, error } = (await stage.show('x')).steps['bad'] ?? {}
    assert.deepEqual([status, error], ['completed', null])
    assert.deepEqual(stage.script.keys.slice(1), ['x/bad/1', 'x/bad/2'])
  },
  async 'a sleep after the checkpoint is slept again in full'(stage) {
    await stage.begin(
      probe({
        a: call('write'),
        nap: { needs: ['a'], sleep: '10s' },
        last: gate('nap'),
      }),
      { executionId: 'x' },
    )
    await stage.harness.advance(12_000)
    await stage.now(stage.engine.rollback('x', 'a'))
    await stage.harness.advance(9_999)
    const { steps } = await stage.show('x')
    assert.equal(steps['nap']?.status, 'waiting')
    await stage.harness.advance(1)
    assert.equal((await stage.show('x')).steps['nap']?.status, 'completed')
  },
  async 'items are undone one by one, and the list is decided anew with the next run'(stage) {
    stage.script.run = ({ stepId, index, key }) => {
      if (stepId === 'list') return key === 'x/list/1' ? [0, 1, 2] : [0, 1]
      return index
    }
    await stage.begin(
      probe({
        a: call('write'),
        list: call('write', { needs: ['a'] }),
        each: undoable({ needs: ['list'], forEach: 'steps.list.output', maxParallel: 1 }),
        last: gate('each'),
      }),
      { executionId: 'x' },
    )
    await stage.now(stage.engine.rollback('x', 'a'))
    assert.deepEqual(undone(stage), [
      'x/each[2]/1/compensate',
      'x/each[1]/1/compensate',
      'x/each[0]/1/compensate',
    ])
    assert.deepEqual(done(stage).slice(5), ['x/list/2', 'x/each[0]/2', 'x/each[1]/2'])
    assert.deepEqual((await stage.show('x')).steps['each']?.output, [0, 1])
  },
  async 'from a checkpoint amid a list an item is called again exactly when it was undone'(stage) {
    stage.script.run = ({ index, action, key }) =>
      action === 'write' && index === 2 && key.endsWith('/1') ? held : index
    await stage.begin(
      probe({
        each: undoable({ forEach: '[0, 1, 2, 3]', maxParallel: 1 }),
        last: gate('each'),
      }),
      { executionId: 'x' },
    )
    await stage.now(stage.engine.checkpoint('x', 'amid'))
    stage.script.call('each[2]').resolve(2)
    await stage.harness.advance(0)
    assert.equal((await stage.show('x')).steps['each']?.status, 'completed')
    await stage.now(stage.engine.rollback('x', 'amid'))
    const itemsOf = (keys: readonly string[]) =>
      keys.map((key) => key.split('/')[1] ?? '').toSorted()
    const again = done(stage).slice(4)
    assert.deepEqual(itemsOf(again), itemsOf(undone(stage)))
    assert.ok(undone(stage).includes('x/each[3]/1/compensate'))
    assert.equal(
      again.some((key) => key.endsWith('/1')),
      false,
      again.join(),
    )
    assert.deepEqual((await stage.show('x')).steps['each']?.output, [0, 1, 2, 3])
  },
  async 'every poll and the fallback that succeeded are undone'(stage) {
    stage.script.run = ({ agent, action, stepId, key }) => {
      if (action === 'undo') return null
      if (stepId === 'fall' && agent === 'worker') throw final()
      return { done: key.endsWith('/p2') }
    }
    await stage.begin(
      probe({
        a: call('write'),
        poll: undoable({ needs: ['a'], repeat: { until: 'output.done', delay: '1s' } }),
        fall: undoable({ needs: ['poll'], fallback: { agent: 'backup', action: 'write' } }),
        last: gate('fall'),
      }),
      { executionId: 'x' },
    )
    await stage.harness.advance(1_000)
    await stage.now(stage.engine.rollback('x', 'a'))
    await stage.harness.advance(1_000)
    assert.deepEqual(undone(stage), [
      'x/fall/1/f1/compensate',
      'x/poll/1/p2/compensate',
      'x/poll/1/compensate',
    ])
    assert.deepEqual(done(stage).slice(5), ['x/poll/2', 'x/poll/2/p2', 'x/fall/2', 'x/fall/2/f1'])
  },
  async 'a step without compensate whose calls may be repeated just runs again'(stage) {
    await stage.begin(
      probe({ r: call('read'), w: call('write', { needs: ['r'] }), last: gate('w') }),
      { executionId: 'x' },
    )
    await stage.now(stage.engine.rollback('x', 'start'))
    assert.deepEqual(stage.script.keys.slice(2), ['x/r/2', 'x/w/2'])
  },
  async 'another rollback gives the next run again'(stage) {
    await stage.begin(chain, { executionId: 'x' })
    await stage.now(stage.engine.rollback('x', 'b'))
    assert.equal(await stage.now(stage.engine.rollback('x', 'b')), true)
    await stage.now(stage.engine.rollback('x', 'a'))
    assert.deepEqual(stage.script.keys.slice(3, 7), [
      'x/c/1/compensate',
      'x/c/2',
      'x/c/2/compensate',
      'x/c/3',
    ])
    assert.deepEqual(stage.script.keys.slice(7), [
      'x/c/3/compensate',
      'x/b/1/compensate',
      'x/b/2',
      'x/c/4',
    ])
  },
  async 'calls that were undone stay spent in the budget'(stage) {
    await stage.begin({ ...chain, budget: { agentCalls: 4 } }, { executionId: 'x' })
    await stage.now(stage.engine.rollback('x', 'a'))
    const run = await stage.ended('x')
    assert.equal(run.error?.code, 'BudgetExceededError')
    assert.deepEqual(done(stage).slice(3), ['x/b/2'])
  },
  async 'a failed execution goes on, and its dead letter is closed'(stage) {
    stage.script.run = ({ key }) => {
      if (key === 'x/down/1') throw final()
      return null
    }
    const failing = probe({
      a: undoable(),
      b: undoable({ needs: ['a'] }),
      down: call('read', { needs: ['b'] }),
    })
    await stage.finish(failing, { executionId: 'x' })
    assert.deepEqual(await letters(stage), ['x'])
    assert.equal(await stage.now(stage.engine.rollback('x', 'a')), true)
    assert.deepEqual(await letters(stage), [])
    const run = await stage.ended('x')
    assert.deepEqual([run.status, run.error], ['completed', null])
    assert.deepEqual(stage.script.keys.slice(3), ['x/b/1/compensate', 'x/b/2', 'x/down/2'])
    stage.releasedAll()
  },
}

/** Rollback by the verb and by `onFailure: rollback`. */
export const rollbackChecks: EngineChecks = {
  ...goingBackChecks,
  ...rollbackInFlightChecks,
  ...rollbackCrashChecks,
  ...rollbackRefusalChecks,
  ...rollbackOnFailureChecks,
}
