import assert from 'node:assert/strict'
import { suspend } from '../../agents/index.ts'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { final, held, passing } from '../scripted-agents.ts'

/** What a kill -9 leaves, and what the next process makes of it. */
export const recoveryChecks: EngineChecks = {
  async 'what was recorded before a crash is not done again'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'b' ? held : stepId)
    const id = await stage.begin(
      probe({
        a: call('write'),
        b: call('write', { needs: ['a'] }),
        c: call('write', { needs: ['b'] }),
      }),
    )
    stage.script.run = ({ stepId }) => stepId
    await stage.harness.restart()
    const run = await stage.ended(id)
    assert.deepEqual(run.output, { c: 'c' })
    assert.deepEqual(
      [stage.script.count('a'), stage.script.count('b'), stage.script.count('c')],
      [1, 2, 1],
    )
  },
  async 'a lost read or idempotent attempt is delivered again under its key and attempt, and counts once'(
    stage,
  ) {
    stage.script.run = () => held
    const id = await stage.begin(
      probe(
        { r: call('read'), w: call('write', { forEach: '[5]' }) },
        { budget: { agentCalls: 2 } },
      ),
      { executionId: 'x' },
    )
    stage.script.run = () => 'again'
    await stage.harness.restart()
    const run = await stage.ended(id)
    assert.deepEqual(run.output, { r: 'again', w: ['again'] })
    assert.deepEqual([run.steps['r']?.attempts, run.steps['w']?.attempts], [1, 1])
    assert.deepEqual(stage.script.calls.map(({ key, attempt }) => `${key}#${attempt}`).toSorted(), [
      'x/r/1#1',
      'x/r/1#1',
      'x/w[0]/1#1',
      'x/w[0]/1#1',
    ])
  },
  async 'a lost second attempt is delivered again as the second'(stage) {
    stage.script.run = ({ attempt }) => {
      if (attempt === 1) throw passing()
      return held
    }
    const id = await stage.begin(
      probe({ a: call('write', { retry: { initialInterval: '1s', jitter: 0, maxAttempts: 2 } }) }),
    )
    await stage.harness.advance(1_000)
    stage.script.run = () => 'done'
    await stage.harness.restart()
    assert.equal((await stage.ended(id)).status, 'completed')
    assert.deepEqual(
      stage.script.calls.map(({ attempt }) => attempt),
      [1, 2, 2],
    )
  },
  async 'a lost `once` attempt without a lookup is uncertain and not delivered'(stage) {
    stage.script.run = () => held
    const id = await stage.begin(probe({ a: call('pay') }))
    await stage.harness.restart()
    await stage.harness.advance(3_600_000)
    assert.equal(await stage.status(id), 'waiting')
    assert.equal((await stage.show(id)).steps['a']?.status, 'uncertain')
    assert.equal(stage.script.calls.length, 1)
    await stage.harness.restart()
    await stage.now(stage.engine.resolve(id, 'a', { kind: 'succeed', output: 1 }))
    assert.deepEqual((await stage.ended(id)).output, { a: 1 })
  },
  async 'a lost `once` attempt is looked up: a value is the output, undefined calls again as the same attempt'(
    stage,
  ) {
    stage.script.run = () => held
    const id = await stage.begin(probe({ yes: call('charge'), no: call('charge') }), {
      executionId: 'x',
    })
    stage.script.lookup = (key) => (key === 'x/yes/1' ? 'paid' : undefined)
    stage.script.run = () => 'now'
    await stage.harness.restart()
    const run = await stage.ended(id)
    assert.deepEqual(run.output, { yes: 'paid', no: 'now' })
    assert.deepEqual([stage.script.count('yes'), stage.script.count('no')], [1, 2])
    assert.deepEqual([stage.script.call('no').attempt, stage.script.call('no').key], [1, 'x/no/1'])
    assert.equal(run.steps['no']?.attempts, 1)
  },
  async 'a lookup that throws after a crash leaves the call uncertain'(stage) {
    stage.script.run = () => held
    const id = await stage.begin(probe({ a: call('charge') }))
    stage.script.lookup = () => {
      throw new Error('unreachable')
    }
    await stage.harness.restart()
    assert.equal((await stage.show(id)).steps['a']?.status, 'uncertain')
    assert.equal(stage.script.calls.length, 1)
  },
  async 'after resolve --fail of a lost call its fallback begins with attempt 1 and counts'(stage) {
    stage.script.run = ({ agent }) => (agent === 'worker' ? held : 'instead')
    const id = await stage.begin(
      probe({ a: call('pay', { fallback: { agent: 'backup', action: 'read' } }) }),
      { executionId: 'x' },
    )
    await stage.harness.restart()
    await stage.now(stage.engine.resolve(id, 'a', { kind: 'fail' }))
    const run = await stage.ended(id)
    assert.deepEqual(run.output, { a: 'instead' })
    assert.deepEqual([stage.script.call('a').key, stage.script.call('a').attempt], ['x/a/1/f1', 1])
    assert.equal(run.steps['a']?.attempts, 2)
  },
  async 'after a lost poll was looked up the next poll begins with attempt 1 and counts'(stage) {
    stage.script.run = () => held
    stage.script.lookup = () => ({ done: false })
    const id = await stage.begin(
      probe({ a: call('charge', { repeat: { until: 'output.done', delay: '1s' } }) }),
      { executionId: 'x' },
    )
    stage.script.run = () => ({ done: true })
    await stage.harness.restart()
    const run = await stage.ended(id, 1_000)
    assert.deepEqual(
      stage.script.calls.map(({ key, attempt }) => `${key}#${attempt}`),
      ['x/a/1#1', 'x/a/1/p2#1'],
    )
    assert.equal(run.steps['a']?.attempts, 2)
  },
  async 'from its third lost delivery a call runs alone; only losses while alone count'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'slow' ? held : 'fine')
    const id = await stage.begin(probe({ slow: call('read') }))
    for (let loss = 1; loss <= 3; loss++) {
      assert.equal(stage.script.calls.filter(({ stepId }) => stepId === 'slow').length, loss)
      await stage.harness.restart()
    }
    // The fourth delivery is alone: whoever comes meanwhile waits.
    const other = await stage.begin(probe({ quick: call('read') }))
    assert.equal(stage.script.count('quick'), 0)
    stage.script.call('slow').resolve('at last')
    assert.deepEqual((await stage.ended(id)).output, { slow: 'at last' })
    assert.equal((await stage.ended(other)).status, 'completed')
    stage.releasedAll()
  },
  async 'the third loss while alone is CrashLoopError and harms no neighbour'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'poison' ? held : 'fine')
    const id = await stage.begin(probe({ poison: call('write') }))
    const deliveries = await crashUntilEnded(stage, id)
    const run = await stage.ended(id)
    assert.equal(run.status, 'failed')
    assert.equal(run.error?.code, 'CrashLoopError')
    assert.equal(deliveries, 6)
    assert.equal(run.steps['poison']?.attempts, 1)
  },
  async 'timers that a crash took are armed again by wall time'(stage) {
    const startMs = stage.harness.nowMs()
    stage.script.run = ({ stepId, attempt }) => {
      if (stepId === 'again' && attempt === 1) throw passing()
      return null
    }
    const id = await stage.begin(
      probe({
        nap: { sleep: '10s' },
        wait: { waitFor: { signal: 's', timeout: '20s', onTimeout: 'continue' } },
        again: call('read', { retry: { initialInterval: '30s', jitter: 0 } }),
        missed: { sleep: '2s' },
      }),
    )
    await stage.harness.advance(1_000)
    await stage.harness.restart({ downMs: 4_000 })
    const run = await stage.ended(id, 25_000)
    assert.deepEqual(
      ['missed', 'nap', 'wait', 'again'].map((step) => (run.steps[step]?.endedAtMs ?? 0) - startMs),
      [5_000, 10_000, 20_000, 30_000],
    )
  },
  async 'the execution timeout is kept over a crash and comes at once when it was missed'(stage) {
    const kept = await stage.begin(probe({ a: { sleep: '1d' } }, { timeout: '1h' }))
    const missed = await stage.begin(probe({ a: { sleep: '1d' } }, { timeout: '10s' }))
    await stage.harness.restart({ downMs: 60_000 })
    assert.equal((await stage.ended(missed)).error?.code, 'WorkflowTimeoutError')
    await stage.harness.advance(3_600_000 - 60_000 - 1)
    assert.equal(await stage.status(kept), 'waiting')
    assert.equal((await stage.ended(kept, 1)).error?.code, 'WorkflowTimeoutError')
  },
  async 'early signals, waits and suspensions outlive a crash'(stage) {
    stage.script.run = ({ resumed }) =>
      resumed === null ? suspend({ signal: 'ask', resumeToken: 7 }) : resumed
    const id = await stage.begin(
      probe({
        nap: { sleep: '1s' },
        takes: { needs: ['nap'], waitFor: { signal: 'early' } },
        asks: call('write'),
      }),
    )
    await stage.now(stage.engine.signal(id, 'early', 'kept'))
    await stage.harness.restart()
    await stage.now(stage.engine.signal(id, 'ask', 'data'))
    await stage.harness.restart()
    const run = await stage.ended(id, 1_000)
    assert.deepEqual(run.output, {
      takes: 'kept',
      asks: { signal: 'ask', data: 'data', resumeToken: 7 },
    })
  },
  async 'items go on where they were'(stage) {
    stage.script.run = ({ index }) => (index === 2 ? held : index)
    const id = await stage.begin(
      probe({ a: call('write', { forEach: 'input.list', maxParallel: 1 }) }),
      { input: { list: [0, 1, 2, 3, 4] } },
    )
    stage.script.run = ({ index }) => index
    await stage.harness.restart()
    assert.deepEqual((await stage.ended(id)).output, { a: [0, 1, 2, 3, 4] })
    assert.equal(stage.script.calls.length, 6)
  },
  async 'a cancel that was accepted before a crash is carried out'(stage) {
    stage.script.run = ({ action }) => (action === 'undo' ? held : null)
    const compensate = { agent: 'worker', action: 'undo' }
    const id = await stage.begin(
      probe(
        { a: call('write', { compensate }), w: { waitFor: { signal: 's' } } },
        { onFailure: 'compensate' },
      ),
    )
    assert.equal(await stage.now(stage.engine.cancelWorkflow(id)), true)
    stage.script.run = () => null
    await stage.harness.restart()
    const run = await stage.ended(id)
    assert.equal(run.status, 'cancelled')
    assert.equal(run.steps['a']?.status, 'compensated')
  },
  async 'a new execution whose agent is missing waits too, and can be cancelled'(stage) {
    const id = await stage.begin(probe({ a: { agent: 'nobody', action: 'read' }, b: call('fly') }))
    assert.equal(await stage.status(id), 'waiting')
    await stage.now(stage.engine.cancelWorkflow(id))
    assert.equal((await stage.ended(id)).status, 'cancelled')
    stage.releasedAll()
  },
  async 'an ended execution gives the same run after a crash, also its id attached again'(stage) {
    stage.script.run = ({ agent }) => {
      if (agent === 'worker') throw final('x')
      return 1
    }
    const document = probe({
      a: call('read', { fallback: { agent: 'backup', action: 'read' } }),
      b: call('read', { needs: ['a'], continueOnFailure: true }),
    })
    const before = await stage.finish(document, { executionId: 'x' })
    await stage.harness.restart()
    assert.deepEqual(await stage.ended('x'), before)
    assert.deepEqual(await stage.finish(document, { executionId: 'x' }), before)
    await stage.refused(
      stage.engine.startWorkflow('probe', document, { executionId: 'x', input: { other: 1 } }),
      'UsageError',
    )
  },
  async 'verbs reach an execution that nobody drives, and continue takes it up'(stage) {
    const id = await stage.begin(
      probe({
        a: { waitFor: { signal: 's' } },
        b: call('read', { needs: ['a'], with: { v: '${ steps.a.output }' } }),
      }),
    )
    await stage.harness.restart({ isRecovering: false })
    const { engine } = stage
    assert.equal(await stage.now(engine.pauseWorkflow(id)), true)
    assert.equal(await stage.now(engine.pauseWorkflow(id)), false)
    assert.equal(await stage.status(id), 'paused')
    await stage.now(engine.signal(id, 's', 5))
    assert.equal(await stage.now(engine.resumeWorkflow(id)), true)
    assert.equal(stage.script.calls.length, 0)
    assert.deepEqual((await stage.ended(id)).output, { b: { v: 5 } })
  },
  async 'several verbs at once reach an execution that nobody drives'(stage) {
    const id = await stage.begin(probe({ a: { waitFor: { signal: 'never' } } }))
    await stage.harness.restart({ isRecovering: false })
    const { engine } = stage
    const first = engine.signal(id, 'one', 1)
    const second = first.then(() => engine.signal(id, 'two', 2))
    const others = [engine.signal(id, 'three', 3), engine.pauseWorkflow(id)]
    await stage.now(Promise.all([first, second, ...others]))
    assert.equal(await stage.status(id), 'paused')
  },
  async 'a continue in the same moment as a verb drives the execution'(stage) {
    const id = await stage.begin(
      probe({ a: call('read', { needs: ['w'] }), w: { waitFor: { signal: 's' } } }),
    )
    await stage.harness.restart({ isRecovering: false })
    const verb = stage.engine.signal(id, 's', 1)
    const run = await stage.ended(id)
    await verb
    assert.equal(run.status, 'completed')
  },
}

/** Kills the process again and again while the execution is open; gives how often its step was delivered. */
async function crashUntilEnded(stage: EngineStage, id: string): Promise<number> {
  for (let crashes = 0; crashes < 20; crashes++) {
    await stage.harness.restart()
    const { status } = await stage.show(id)
    if (status === 'failed') break
  }
  return stage.script.count('poison')
}
