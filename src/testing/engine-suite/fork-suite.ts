import assert from 'node:assert/strict'
import type { WorkflowData } from '../../workflow/index.ts'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { final, held } from '../scripted-agents.ts'
import { chain, done, letters, undoable, undone } from './undo-scenes.ts'

/** Like `chain`, but every step says what it got. */
const telling = probe(
  {
    a: undoable({ with: { v: '${ input.v }' } }),
    b: undoable({ needs: ['a'], with: { v: '${ steps.a.output.v + 1 }' } }),
    gate: { needs: ['b'], waitFor: { signal: 'go' } },
    c: undoable({ needs: ['gate'], with: { v: '${ steps.b.output.v + input.v }' } }),
  },
  { output: { c: '${ steps.c.output }', b: '${ steps.b.output }' } },
)

/** A new execution with the state of another one. */
export const forkChecks: EngineChecks = {
  async 'a fork has outputs and state of the checkpoint, calls nothing again and goes on under its own id'(
    stage,
  ) {
    await original(stage)
    await stage.now(stage.engine.setState('x', 'k', 1, { metadata: { m: 1 } }))
    await stage.now(stage.engine.checkpoint('x', 'here'))
    const forked = stage.engine.fork('x', 'here', { executionId: 'y' })
    assert.equal(await stage.now(forked), 'y')
    const { steps, status, workflow, version } = await stage.show('y')
    assert.deepEqual([status, workflow, version], ['waiting', 'probe', '1.0.0'])
    assert.deepEqual(
      ['a', 'b', 'gate', 'c'].map((step) => [steps[step]?.status, steps[step]?.output]),
      [
        ['completed', { v: 10 }],
        ['completed', { v: 11 }],
        ['waiting', null],
        ['pending', null],
      ],
    )
    const entry = await stage.now(stage.engine.getStateEntry('y', 'k'))
    assert.deepEqual([entry?.workflowId, entry?.value, entry?.metadata], ['y', 1, { m: 1 }])
    assert.deepEqual(stage.script.keys, ['x/a/1', 'x/b/1'])
    await stage.now(stage.engine.signal('y', 'go', null))
    const run = await stage.ended('y')
    assert.deepEqual(run.output, { c: { v: 21 }, b: { v: 11 } })
    assert.deepEqual(stage.script.keys.slice(2), ['y/c/1'])
  },
  async 'a fork leaves the original alone, and the original the fork'(stage) {
    await original(stage)
    await stage.now(stage.engine.setState('x', 'k', 1))
    const { metrics: _, ...before } = await stage.show('x')
    await fork(stage, 'b')
    const { metrics: __, ...after } = await stage.show('x')
    assert.deepEqual(after, before)
    await stage.now(stage.engine.setState('y', 'k', 'of y'))
    assert.equal(await stage.now(stage.engine.getState('x', 'k')), 1)
    await stage.now(stage.engine.cancelWorkflow('x'))
    assert.equal(await stage.status('y'), 'waiting')
    await stage.now(stage.engine.signal('y', 'go', null))
    assert.equal((await stage.ended('y')).status, 'completed')
    assert.deepEqual(undone(stage), [])
  },
  async 'steps after the checkpoint are run under the new id, with the state of the checkpoint'(
    stage,
  ) {
    const seen: unknown[] = []
    stage.script.run = async ({ stepId, key, input, state }) => {
      if (stepId === 'b') seen.push([key, await state.get('k')])
      state.set('k', stepId)
      return input
    }
    await original(stage)
    await stage.now(stage.engine.setState('x', 'k', 'later'))
    await fork(stage, 'a')
    assert.deepEqual(seen, [
      ['x/b/1', 'a'],
      ['y/b/1', 'a'],
    ])
    assert.deepEqual(done(stage), ['x/a/1', 'x/b/1', 'y/b/1'])
    assert.deepEqual((await stage.show('y')).steps['b']?.output, { v: 11 })
  },
  async 'a fork from the start runs everything with the same input and no state'(stage) {
    await original(stage)
    await stage.now(stage.engine.setState('x', 'k', 1))
    await fork(stage, 'start')
    assert.deepEqual(done(stage).slice(2), ['y/a/1', 'y/b/1'])
    assert.deepEqual(stage.script.call('a').input, { v: 10 })
    assert.deepEqual(await stage.now(stage.engine.listState('y')), [])
  },
  async 'every name of a checkpoint is one to fork from'(stage) {
    await original(stage)
    const { checkpointId } = await stage.now(stage.engine.checkpoint('x', 'mine'))
    for (const from of ['x/a', 'b', 'mine', checkpointId, 'lastCheckpoint', 'start']) {
      const id = await stage.now(stage.engine.fork('x', from))
      assert.equal(await stage.status(id), 'waiting')
    }
    await stage.refused(stage.engine.fork('x', 'nothing'), 'NotFoundError')
    await stage.refused(stage.engine.fork('nobody', 'start'), 'NotFoundError')
  },
  async 'completed, failed and cancelled executions are forked, and stay as they are'(stage) {
    stage.script.run = ({ stepId, key, input }) => {
      if (stepId === 'c' && key.startsWith('failed/')) throw final()
      return input
    }
    for (const id of ['completed', 'failed', 'cancelled']) {
      await stage.begin(telling, { executionId: id, input: { v: 1 } })
      if (id === 'cancelled') await stage.now(stage.engine.cancelWorkflow(id))
      else await stage.now(stage.engine.signal(id, 'go', null))
      const before = await stage.ended(id)
      assert.equal(before.status, id)
      const forked = await stage.now(stage.engine.fork(id, 'b'))
      await stage.now(stage.engine.signal(forked, 'go', null))
      const run = await stage.ended(forked)
      assert.deepEqual([run.status, run.output], ['completed', { c: { v: 3 }, b: { v: 2 } }])
      assert.deepEqual(await stage.ended(id), before)
    }
    assert.equal(done(stage).filter((key) => key.endsWith('/a/1')).length, 3)
    assert.deepEqual(await letters(stage), ['failed'])
  },
  async 'a fork gets a new id when none is given, another one each time'(stage) {
    await original(stage)
    const ids = [
      await stage.now(stage.engine.fork('x', 'b')),
      await stage.now(stage.engine.fork('x', 'b')),
    ]
    assert.equal(new Set([...ids, 'x']).size, 3)
    for (const id of ids) assert.match(id, /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/)
  },
  async 'an id that is taken or no id is refused'(stage) {
    await original(stage)
    await stage.begin(chain, { executionId: 'taken' })
    await stage.begin(telling, { executionId: 'alike', input: { v: 10 } })
    const before = await stage.show('taken')
    for (const executionId of ['taken', 'alike', 'x'])
      await stage.refused(stage.engine.fork('x', 'b', { executionId }), 'UsageError')
    await stage.refused(stage.engine.fork('x', 'b', { executionId: 'a/b' }), 'InputError')
    assert.deepEqual(await stage.show('taken'), before)
  },
  async 'a call that ran at the checkpoint is made anew by the fork; that of the original goes on'(
    stage,
  ) {
    stage.script.run = ({ stepId }) => (stepId === 'r' ? held : null)
    await stage.begin(probe({ a: call('write'), r: call('pay') }), { executionId: 'x' })
    const first = stage.script.call('r')
    await fork(stage, 'a')
    assert.equal(first.signal.aborted, false)
    assert.deepEqual(done(stage).toSorted(), ['x/a/1', 'x/r/1', 'y/r/1'])
    stage.script.call('r').resolve('of y')
    first.resolve('of x')
    assert.deepEqual((await stage.ended('y')).output, { a: null, r: 'of y' })
    assert.deepEqual((await stage.ended('x')).output, { a: null, r: 'of x' })
  },
  async 'a fork is durable when its id is given'(stage) {
    await original(stage)
    await stage.now(stage.engine.setState('x', 'k', 1))
    await stage.now(stage.engine.checkpoint('x', 'here'))
    await fork(stage, 'here')
    const before = await stage.show('y')
    await stage.harness.restart()
    const after = await stage.show('y')
    assert.deepEqual([after.steps, after.status], [before.steps, before.status])
    assert.equal(await stage.now(stage.engine.getState('y', 'k')), 1)
    await stage.now(stage.engine.signal('y', 'go', null))
    assert.deepEqual((await stage.ended('y')).output, { c: { v: 21 }, b: { v: 11 } })
    assert.deepEqual(done(stage), ['x/a/1', 'x/b/1', 'y/c/1'])
  },
  async 'a fork is forked, also after its original has ended'(stage) {
    await original(stage)
    await fork(stage, 'a')
    await stage.now(stage.engine.cancelWorkflow('x'))
    assert.equal(await stage.now(stage.engine.fork('y', 'b', { executionId: 'z' })), 'z')
    assert.deepEqual(done(stage), ['x/a/1', 'x/b/1', 'y/b/1'])
    await stage.harness.restart()
    await stage.now(stage.engine.signal('z', 'go', null))
    assert.deepEqual((await stage.ended('z')).output, { c: { v: 21 }, b: { v: 11 } })
    assert.equal(done(stage).at(-1), 'z/c/1')
    assert.equal(await stage.status('y'), 'waiting')
  },
  async 'items that were completed are copied'(stage) {
    stage.script.run = ({ index, stepId }) => (stepId === 'each' ? index : null)
    await stage.begin(
      probe({
        each: call('write', { forEach: '[5, 6, 7]' }),
        last: { needs: ['each'], waitFor: { signal: 'go' } },
        end: call('read', { needs: ['last'], with: { v: '${ steps.each.output }' } }),
      }),
      { executionId: 'x' },
    )
    await fork(stage, 'each')
    assert.equal(stage.script.calls.length, 3)
    await stage.now(stage.engine.signal('y', 'go', null))
    await stage.ended('y')
    assert.deepEqual(stage.script.call('end').input, { v: [0, 1, 2] })
  },
  async 'skipped and tolerated steps are copied as they were'(stage) {
    stage.script.run = ({ stepId, input }) => {
      if (stepId === 'bad') throw final('why')
      return input
    }
    await stage.begin(
      probe({
        off: call('write', { when: 'false' }),
        bad: call('write', { continueOnFailure: true }),
        a: call('write', { needs: ['off', 'bad'] }),
        last: { needs: ['a'], waitFor: { signal: 'go' } },
        end: call('read', { needs: ['last'], with: { why: '${ steps.bad.error.message }' } }),
      }),
      { executionId: 'x' },
    )
    await fork(stage, 'a')
    await stage.now(stage.engine.signal('y', 'go', null))
    const run = await stage.ended('y')
    assert.deepEqual([run.steps['off']?.status, run.steps['bad']?.status], ['skipped', 'failed'])
    assert.deepEqual(stage.script.call('end').input, { why: 'why' })
    assert.equal(stage.script.count('bad'), 1)
  },
  async 'the timeout of a fork counts from its own start'(stage) {
    await stage.begin({ ...telling, timeout: '10s' }, { executionId: 'x', input: { v: 10 } })
    await stage.harness.advance(6_000)
    await fork(stage, 'b')
    await stage.harness.advance(9_999)
    assert.deepEqual([await stage.status('x'), await stage.status('y')], ['failed', 'waiting'])
    assert.equal((await stage.ended('y', 1)).error?.code, 'WorkflowTimeoutError')
  },
  async 'a corrected document goes on where the old one failed'(stage) {
    stage.script.run = ({ stepId, action, input }) => {
      if (stepId === 'c' && action === 'write') throw final()
      return input
    }
    await original(stage)
    await stage.now(stage.engine.signal('x', 'go', null))
    await stage.ended('x')
    const document: WorkflowData = {
      ...telling,
      version: '1.0.1',
      steps: {
        ...telling.steps,
        c: call('read', { needs: ['gate'], with: { v: '${ steps.b.output.v * 2 }' } }),
        d: call('read', { needs: ['c'] }),
      },
      output: '${ steps.c.output }',
    }
    const forked = stage.engine.fork('x', 'gate', { document, executionId: 'y' })
    assert.equal(await stage.now(forked), 'y')
    const run = await stage.ended('y')
    assert.deepEqual([run.status, run.version, run.output], ['completed', '1.0.1', { v: 22 }])
    assert.deepEqual(done(stage).slice(3), ['y/c/1', 'y/d/1'])
    assert.equal((await stage.ended('x')).version, '1.0.0')
  },
  async 'a document without a settled step, or with another kind of it, is refused and starts nothing'(
    stage,
  ) {
    await original(stage)
    const { a: _, ...withoutA } = telling.steps
    const root = call('write', { with: { v: 1 } })
    const end = { output: null }
    const others: WorkflowData[] = [
      { ...telling, ...end, steps: { ...withoutA, b: root, c: root } },
      { ...telling, ...end, steps: { ...telling.steps, b: { sleep: '1s' }, c: root } },
      {
        ...telling,
        ...end,
        steps: { ...telling.steps, b: { waitFor: { signal: 's' } }, c: root },
      },
    ]
    for (const document of others) {
      const answer = stage.engine.fork('x', 'b', { document, executionId: 'y' })
      await stage.refused(answer, 'RefusedError')
    }
    await stage.refused(stage.engine.getExecution('y'), 'NotFoundError')
    assert.equal(stage.script.calls.length, 2)
  },
  async 'a document that is not valid is refused as such'(stage) {
    await original(stage)
    const document = { ...telling, steps: { ...telling.steps, c: call('read', { needs: ['no'] }) } }
    await stage.refused(
      stage.engine.fork('x', 'b', { document, executionId: 'y' }),
      'DocumentError',
    )
    await stage.refused(stage.engine.getExecution('y'), 'NotFoundError')
  },
}

/** An execution `x` of `telling` that waits. */
async function original(stage: EngineStage): Promise<void> {
  await stage.begin(telling, { executionId: 'x', input: { v: 10 } })
}

/** The fork `y` of `x`. */
async function fork(stage: EngineStage, from: string): Promise<void> {
  assert.equal(await stage.now(stage.engine.fork('x', from, { executionId: 'y' })), 'y')
}
