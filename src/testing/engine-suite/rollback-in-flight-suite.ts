import assert from 'node:assert/strict'
import { isOrchestrationError } from '../../core/errors.ts'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { deaf, final, held, passing } from '../scripted-agents.ts'
import { chain, done, goingBack, letters, undoable, undone } from './undo-scenes.ts'

/** Rollback while something runs, waits or is undone, and over crashes and other verbs. */
export const rollbackInFlightChecks: EngineChecks = {
  async 'a paused execution goes back and stays paused; resume decides anew'(stage) {
    await stage.begin(chain, { executionId: 'x' })
    await stage.now(stage.engine.pauseWorkflow('x'))
    assert.equal(await stage.now(stage.engine.rollback('x', 'a')), true)
    await stage.harness.advance(60_000)
    assert.equal(await stage.status('x'), 'paused')
    assert.equal(done(stage).length, 3)
    await stage.now(stage.engine.resumeWorkflow('x'))
    assert.deepEqual(stage.script.keys.slice(3), [
      'x/c/1/compensate',
      'x/b/1/compensate',
      'x/b/2',
      'x/c/2',
    ])
  },
  async 'what runs is aborted, gives its place back and is called again with the next run'(stage) {
    stage.script.run = ({ stepId, key }) => {
      if (stepId === 'backoff' && key.endsWith('/1')) throw passing()
      return stepId === 'a' || !key.endsWith('/1') ? null : held
    }
    await stage.begin(
      probe({
        a: call('write'),
        runs: call('read', { needs: ['a'] }),
        each: call('read', { needs: ['a'], forEach: '[0, 1, 2]', maxParallel: 2 }),
        holds: { agent: 'narrow', action: 'read', needs: ['a'] },
        queues: { agent: 'narrow', action: 'read', needs: ['a'] },
        backoff: call('read', { needs: ['a'], retry: { initialInterval: '1h', jitter: 0 } }),
      }),
      { executionId: 'x' },
    )
    const first = stage.script.calls.slice(1)
    await stage.now(stage.engine.rollback('x', 'a'))
    const running = first.filter(({ stepId }) => stepId !== 'backoff')
    assert.ok(running.every(({ signal }) => signal.aborted))
    const run = await stage.ended('x')
    assert.equal(run.status, 'completed')
    assert.deepEqual(
      done(stage)
        .slice(1 + first.length)
        .toSorted(),
      [
        'x/backoff/2',
        'x/each[0]/2',
        'x/each[1]/2',
        'x/each[2]/2',
        'x/holds/2',
        'x/queues/2',
        'x/runs/2',
      ],
    )
    stage.releasedAll()
  },
  async 'an aborted call whose outcome is not known is undone with output null'(stage) {
    stage.script.run = ({ key }) => (key === 'x/b/1' ? held : null)
    await stage.begin(probe({ a: undoable(), b: undoable({ needs: ['a'], with: { v: 1 } }) }), {
      executionId: 'x',
    })
    await stage.now(stage.engine.rollback('x', 'a'))
    assert.equal((await stage.ended('x')).status, 'completed')
    assert.deepEqual(stage.script.keys.slice(1), ['x/b/1', 'x/b/1/compensate', 'x/b/2'])
    assert.deepEqual(stage.script.calls[2]?.input, { input: { v: 1 }, output: null })
  },
  async 'what an aborted call answers within 30 s is awaited, and undone with that output'(stage) {
    stage.script.run = ({ key }) => (key === 'x/b/1' || key === 'x/c/1' ? deaf : null)
    await stage.begin(
      probe({ a: undoable(), b: undoable({ needs: ['a'] }), c: undoable({ needs: ['a'] }) }),
      { executionId: 'x' },
    )
    await stage.now(stage.engine.rollback('x', 'a'))
    await stage.harness.advance(10_000)
    stage.script.call('b').resolve('late')
    await stage.harness.advance(0)
    assert.equal(stage.script.calls.length, 3)
    await stage.harness.advance(20_000)
    assert.equal((await stage.ended('x')).status, 'completed')
    const inputs = stage.script.calls
      .filter(({ action }) => action === 'undo')
      .map(({ stepId, input }) => [stepId, input])
    assert.deepEqual(
      inputs.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
      [
        ['b', { input: {}, output: 'late' }],
        ['c', { input: {}, output: null }],
      ],
    )
  },
  async 'a lookup decides about the `once` call that a rollback aborted'(stage) {
    stage.script.run = ({ key }) => (/(yes|no)\/1$/.test(key) ? held : null)
    stage.script.lookup = (key) => (key.includes('yes') ? 'paid' : undefined)
    const compensate = { agent: 'worker', action: 'undo' }
    await stage.begin(
      probe({
        a: call('write'),
        yes: call('charge', { needs: ['a'], compensate }),
        no: call('charge', { needs: ['a'], compensate }),
      }),
      { executionId: 'x' },
    )
    await stage.now(stage.engine.rollback('x', 'a'))
    assert.equal((await stage.ended('x')).status, 'completed')
    assert.deepEqual(undone(stage), ['x/yes/1/compensate'])
    assert.deepEqual(done(stage).slice(3).toSorted(), ['x/no/2', 'x/yes/2'])
  },
  async 'an uncertain step with compensate is undone with output null and called again'(stage) {
    stage.script.run = ({ key }) => {
      if (key === 'x/pay/1') throw passing('connection lost')
      return null
    }
    const compensate = { agent: 'worker', action: 'undo' }
    await stage.begin(probe({ a: call('write'), pay: call('pay', { needs: ['a'], compensate }) }), {
      executionId: 'x',
    })
    assert.equal((await stage.show('x')).steps['pay']?.status, 'uncertain')
    await stage.now(stage.engine.rollback('x', 'a'))
    assert.equal((await stage.ended('x')).status, 'completed')
    assert.deepEqual(stage.script.keys.slice(1), ['x/pay/1', 'x/pay/1/compensate', 'x/pay/2'])
    assert.deepEqual(stage.script.calls[2]?.input, { input: {}, output: null })
  },
  async 'a branch that ran at the checkpoint and completed after it is undone and called under a new key'(
    stage,
  ) {
    stage.script.run = ({ key }) => (key === 'x/r/1' ? held : null)
    await stage.begin(
      probe({
        r: undoable(),
        a: undoable(),
        last: { needs: ['a', 'r'], waitFor: { signal: 'go' } },
      }),
      { executionId: 'x' },
    )
    stage.script.call('r').resolve('first')
    await stage.harness.advance(0)
    await stage.now(stage.engine.rollback('x', 'a'))
    assert.deepEqual(undone(stage), ['x/r/1/compensate'])
    assert.deepEqual(done(stage).slice(2), ['x/r/2'])
    assert.equal(stage.script.count('a'), 1)
  },
  async 'a branch that still runs is called again, one that completed before is left alone'(stage) {
    stage.script.run = ({ key }) => (key === 'x/r/1' ? held : null)
    await stage.begin(
      probe({
        r: call('read'),
        a: undoable(),
        b: undoable({ needs: ['a'] }),
        last: { needs: ['b', 'r'], waitFor: { signal: 'go' } },
      }),
      { executionId: 'x' },
    )
    await stage.now(stage.engine.rollback('x', 'a'))
    assert.equal((await stage.show('x')).steps['r']?.status, 'completed')
    assert.deepEqual([stage.script.count('r'), stage.script.count('a')], [2, 1])
  },
  async 'who waits for the end of an execution waits over its rollback'(stage) {
    const ending = stage.engine.executeWorkflow('probe', chain, { executionId: 'x' })
    await stage.harness.advance(0)
    await stage.now(stage.engine.rollback('x', 'start'))
    await stage.now(stage.engine.signal('x', 'go', 'end'))
    const run = await stage.now(ending)
    assert.deepEqual([run.status, run.output], ['completed', { gate: 'end' }])
  },
  async 'the same rollback again while it goes back is false and changes nothing'(stage) {
    await goingBack(stage)
    assert.equal(await stage.now(stage.engine.rollback('x', 'a')), false)
    await release(stage)
    assert.deepEqual(undone(stage), ['x/c/1/compensate', 'x/b/1/compensate'])
    assert.deepEqual(done(stage).slice(3), ['x/b/2', 'x/c/2'])
  },
  async 'of two equal rollbacks in the same moment one is true'(stage) {
    await stage.begin(chain, { executionId: 'x' })
    stage.script.run = ({ action }) => (action === 'undo' ? held : null)
    const answers = [stage.engine.rollback('x', 'a'), stage.engine.rollback('x', 'a')]
    assert.deepEqual(new Set(await stage.now(Promise.all(answers))), new Set([false, true]))
    await release(stage)
    assert.deepEqual(done(stage).slice(3), ['x/b/2', 'x/c/2'])
  },
  async 'another rollback while it goes back undoes nothing twice, taken or refused'(stage) {
    await goingBack(stage, 'b')
    const isTaken = await takenOrRefused(stage, stage.engine.rollback('x', 'start'))
    await release(stage)
    const all = ['x/c/1/compensate', 'x/b/1/compensate', 'x/a/1/compensate']
    assert.deepEqual([...new Set(undone(stage))], isTaken ? all : all.slice(0, 1))
    const { steps } = await stage.show('x')
    assert.deepEqual(
      ['a', 'b', 'c'].map((step) => steps[step]?.status),
      ['completed', 'completed', 'completed'],
    )
    assert.equal(new Set(done(stage)).size, done(stage).length)
  },
  async 'pause while it goes back lets nothing be decided anew before resume'(stage) {
    await goingBack(stage)
    assert.equal(await stage.now(stage.engine.pauseWorkflow('x')), true)
    await release(stage)
    await stage.harness.advance(60_000)
    assert.equal(await stage.status('x'), 'paused')
    assert.equal(done(stage).length, 3)
    await stage.now(stage.engine.resumeWorkflow('x'))
    assert.deepEqual(undone(stage), ['x/c/1/compensate', 'x/b/1/compensate'])
    assert.deepEqual(done(stage).slice(3), ['x/b/2', 'x/c/2'])
  },
  async 'cancel while it goes back ends it cancelled and calls nothing again'(stage) {
    await goingBack(stage)
    assert.equal(await stage.now(stage.engine.cancelWorkflow('x')), true)
    await release(stage)
    const run = await stage.ended('x', 30_000)
    assert.equal(run.status, 'cancelled')
    assert.equal(done(stage).length, 3)
    await stage.refused(stage.engine.rollback('x', 'a'), 'RefusedError')
    stage.releasedAll()
  },
  async 'rollback and cancel in the same moment end it cancelled'(stage) {
    await stage.begin(chain, { executionId: 'x' })
    const verbs = [stage.engine.rollback('x', 'a'), stage.engine.cancelWorkflow('x')]
    await stage.now(Promise.allSettled(verbs))
    assert.equal((await stage.ended('x', 30_000)).status, 'cancelled')
    assert.equal(done(stage).length, 3)
    assert.equal(new Set(undone(stage)).size, undone(stage).length)
    stage.releasedAll()
  },
  async 'rollback and redrive in the same moment leave no call under an old key behind'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'c') throw final()
      return null
    }
    await stage.begin(chain, { executionId: 'x' })
    stage.script.run = () => null
    const verbs = [stage.engine.redrive('x'), stage.engine.rollback('x', 'a')]
    await stage.now(Promise.allSettled<unknown>(verbs))
    await stage.now(stage.engine.signal('x', 'go', null))
    assert.equal((await stage.ended('x')).status, 'completed')
    assert.deepEqual(await letters(stage), [])
    assert.equal(stage.script.count('a'), 1)
    assert.equal(new Set(undone(stage)).size, undone(stage).length)
    stage.releasedAll()
  },
  async 'the execution timeout comes also while it goes back'(stage) {
    await goingBack(stage, 'a', '10s')
    await stage.harness.advance(10_000)
    await release(stage)
    const run = await stage.ended('x', 30_000)
    assert.deepEqual([run.status, run.error?.code], ['failed', 'WorkflowTimeoutError'])
    assert.equal(done(stage).length, 3)
    assert.deepEqual(await letters(stage), ['x'])
    stage.releasedAll()
  },
  async 'a rollback of an execution that failed by its timeout gives it a new one'(stage) {
    const id = await stage.begin({ ...chain, timeout: '10s' }, { executionId: 'x' })
    assert.equal((await stage.ended(id, 10_000)).error?.code, 'WorkflowTimeoutError')
    await stage.harness.advance(60_000)
    await stage.now(stage.engine.rollback(id, 'b'))
    assert.equal(await stage.status(id), 'waiting')
    await stage.harness.advance(9_999)
    await stage.now(stage.engine.signal(id, 'go', 'in time'))
    assert.deepEqual((await stage.ended(id)).output, { gate: 'in time' })
  },
  async 'a compensation that fails for good opens a dead letter, and the execution goes on'(stage) {
    stage.script.run = ({ action, stepId }) => {
      if (action === 'undo' && stepId === 'c') throw final('cannot')
      return null
    }
    await stage.begin(chain, { executionId: 'x' })
    await stage.now(stage.engine.rollback('x', 'a'))
    assert.deepEqual(stage.script.keys.slice(3), [
      'x/c/1/compensate',
      'x/b/1/compensate',
      'x/b/2',
      'x/c/2',
    ])
    const [letter, ...more] = await stage.now(stage.engine.deadLetters())
    assert.deepEqual([letter?.id, letter?.stepId, more], ['x/c/compensate', 'c', []])
    assert.match(letter?.error.message ?? '', /cannot/)
    await stage.now(stage.engine.signal('x', 'go', null))
    assert.equal((await stage.ended('x')).status, 'completed')
  },
  async 'a rollback while a failure is compensated undoes nothing twice, taken or refused'(stage) {
    stage.script.run = ({ action, key }) => {
      if (key === 'x/down/1') throw final()
      return action === 'undo' ? held : null
    }
    await stage.begin(
      probe(
        {
          a: undoable(),
          b: undoable({ needs: ['a'] }),
          c: undoable({ needs: ['b'] }),
          down: call('read', { needs: ['c'] }),
        },
        { onFailure: 'compensate' },
      ),
      { executionId: 'x' },
    )
    assert.deepEqual(undone(stage), ['x/c/1/compensate'])
    const isTaken = await takenOrRefused(stage, stage.engine.rollback('x', 'b'))
    await release(stage)
    const run = await stage.ended('x')
    const all = ['x/c/1/compensate', 'x/b/1/compensate', 'x/a/1/compensate']
    assert.deepEqual([...new Set(undone(stage))], isTaken ? all.slice(0, 1) : all)
    assert.deepEqual(done(stage).slice(4), isTaken ? ['x/c/2', 'x/down/2'] : [])
    assert.equal(run.status, isTaken ? 'completed' : 'failed')
    assert.deepEqual(await letters(stage), isTaken ? [] : ['x'])
  },
  async 'what a failure has undone runs again after a rollback, whatever the checkpoint'(stage) {
    stage.script.run = ({ key }) => {
      if (key === 'x/down/1') throw final()
      return null
    }
    const failed = await stage.finish(
      probe(
        {
          a: undoable(),
          b: undoable({ needs: ['a'] }),
          down: call('read', { needs: ['b'] }),
        },
        { onFailure: 'compensate' },
      ),
      { executionId: 'x' },
    )
    assert.equal(failed.steps['a']?.status, 'compensated')
    await stage.now(stage.engine.rollback('x', 'start'))
    assert.equal((await stage.ended('x')).status, 'completed')
    assert.equal(undone(stage).length, 2)
    assert.deepEqual(done(stage).slice(3), ['x/a/2', 'x/b/2', 'x/down/2'])
  },
  async 'a rollback reaches an execution that nobody drives, and continue carries it out'(stage) {
    await stage.begin(chain, { executionId: 'x' })
    await stage.harness.restart({ isRecovering: false })
    assert.equal(await stage.now(stage.engine.rollback('x', 'a')), true)
    const ending = stage.engine.continueWorkflow('x')
    await stage.harness.advance(0)
    assert.deepEqual(stage.script.keys.slice(3), [
      'x/c/1/compensate',
      'x/b/1/compensate',
      'x/b/2',
      'x/c/2',
    ])
    await stage.now(stage.engine.signal('x', 'go', 'end'))
    assert.deepEqual((await stage.now(ending)).output, { gate: 'end' })
  },
}

/** Ends the held undoing, and lets whatever follows return at once. */
async function release(stage: EngineStage): Promise<void> {
  stage.script.run = () => null
  for (const undo of stage.script.calls.filter(({ action }) => action === 'undo'))
    undo.resolve(null)
  await stage.harness.advance(0)
}

/** Where the contract lets an engine do either: true, or a refusal. */
async function takenOrRefused(stage: EngineStage, answer: Promise<boolean>): Promise<boolean> {
  const outcome = await stage.now(
    answer.catch((thrown: unknown) => {
      assert.ok(isOrchestrationError(thrown) && thrown.code === 'RefusedError', String(thrown))
      return null
    }),
  )
  assert.notEqual(outcome, false)
  return outcome !== null
}
