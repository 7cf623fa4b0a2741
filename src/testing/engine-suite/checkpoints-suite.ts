import assert from 'node:assert/strict'
import type { CheckpointView } from '../../engine/index.ts'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { final } from '../scripted-agents.ts'
import { chain, done, undoable, undone } from './undo-scenes.ts'

/** Waits between steps that can be undone, so that a checkpoint can be taken in between. */
const stops = probe({
  a: undoable(),
  one: { needs: ['a'], waitFor: { signal: 'one' } },
  b: undoable({ needs: ['one'] }),
  two: { needs: ['b'], waitFor: { signal: 'two' } },
  c: undoable({ needs: ['two'] }),
  three: { needs: ['c'], waitFor: { signal: 'three' } },
})

/** Which positions are kept, how they are shown and how they are named. */
export const checkpointChecks: EngineChecks = {
  async 'every completion is a checkpoint, shown with all its keys in the order of time'(stage) {
    const startMs = stage.harness.nowMs()
    await stage.begin(
      probe({
        a: call('read'),
        nap: { needs: ['a'], sleep: '5s', checkpoint: 'rested' },
        b: call('read', { needs: ['nap'] }),
        gate: { needs: ['b'], waitFor: { signal: 'go' } },
      }),
      { executionId: 'x' },
    )
    await stage.harness.advance(5_000)
    const shown = (step: string, label: string | null, afterMs: number) => ({
      checkpointId: `x/${step}`,
      stepId: step,
      label,
      reason: 'completion',
      atMs: startMs + afterMs,
    })
    assert.deepEqual((await stage.show('x')).checkpoints.map(briefly), [
      shown('a', null, 0),
      shown('nap', 'rested', 5_000),
      shown('b', null, 5_000),
    ])
  },
  async 'what was skipped, has failed or waits is no checkpoint'(stage) {
    stage.script.run = () => {
      throw final()
    }
    const id = await stage.begin(
      probe({
        off: call('read', { when: 'false', checkpoint: 'off' }),
        bad: call('read', { continueOnFailure: true, checkpoint: 'bad' }),
        gate: { waitFor: { signal: 'go' }, checkpoint: 'gate' },
      }),
    )
    assert.deepEqual((await stage.show(id)).checkpoints, [])
  },
  async 'one that is taken is given and shown with its label, and changes nothing else'(stage) {
    await stage.begin(chain, { executionId: 'x' })
    await stage.harness.advance(1_000)
    const named = await stage.now(stage.engine.checkpoint('x', 'before deploy'))
    const plain = await stage.now(stage.engine.checkpoint('x'))
    const id = await stage.now(stage.engine.createCheckpoint('x', 'third'))
    for (const { checkpointId } of [named, plain]) assert.match(checkpointId, /^x\/@\d+$/)
    const atMs = stage.harness.nowMs()
    const taken = { stepId: null, reason: 'verb', atMs } as const
    assert.deepEqual([named, plain].map(briefly), [
      { checkpointId: named.checkpointId, label: 'before deploy', ...taken },
      { checkpointId: plain.checkpointId, label: null, ...taken },
    ])
    const { checkpoints, status } = await stage.show('x')
    assert.deepEqual(checkpoints.slice(3).map(briefly), [
      briefly(named),
      briefly(plain),
      { checkpointId: id, label: 'third', ...taken },
    ])
    assert.equal(new Set(checkpoints.map(({ checkpointId }) => checkpointId)).size, 6)
    assert.equal(status, 'waiting')
  },
  async 'one is taken while paused, and the execution stays so'(stage) {
    await stage.begin(chain, { executionId: 'x' })
    await stage.now(stage.engine.pauseWorkflow('x'))
    await stage.now(stage.engine.checkpoint('x', 'here'))
    const { status, checkpoints } = await stage.show('x')
    assert.deepEqual([status, checkpoints.at(-1)?.label], ['paused', 'here'])
  },
  async 'none is taken of an execution that has ended or that nobody knows'(stage) {
    const { engine } = stage
    stage.script.run = ({ stepId }) => {
      if (stepId === 'bad') throw final()
      return null
    }
    await stage.finish(probe({ a: call('read') }), { executionId: 'completed' })
    await stage.finish(probe({ bad: call('read') }), { executionId: 'failed' })
    await stage.begin(chain, { executionId: 'cancelled' })
    await stage.now(engine.cancelWorkflow('cancelled'))
    await stage.ended('cancelled')
    for (const id of ['completed', 'failed', 'cancelled']) {
      assert.equal(await stage.status(id), id)
      await stage.refused(engine.checkpoint(id, 'late'), 'RefusedError')
      await stage.refused(engine.createCheckpoint(id), 'RefusedError')
    }
    await stage.refused(engine.checkpoint('nobody'), 'NotFoundError')
    assert.equal((await stage.show('completed')).checkpoints.length, 1)
  },
  async 'every checkpoint carries the state that the execution had there'(stage) {
    stage.script.run = ({ stepId, state }) => {
      state.set('last', stepId)
      return null
    }
    await stage.begin(chain, { executionId: 'x' })
    const { checkpoints } = await stage.show('x')
    assert.deepEqual(
      checkpoints.map(({ workflowId, stepId, stateSnapshot, timestampMs, atMs, metadata }) => [
        workflowId,
        stepId,
        stateSnapshot,
        timestampMs - atMs,
        metadata['reason'],
      ]),
      ['a', 'b', 'c'].map((step) => ['x', step, { last: step }, 0, 'completion']),
    )
    const taken = await stage.now(stage.engine.checkpoint('x', 'here'))
    assert.deepEqual(taken.stateSnapshot, { last: 'c' })
  },
  async 'checkpoints outlive a crash and are found by the next process'(stage) {
    await atStop(stage, 'one')
    const { checkpointId } = await stage.now(stage.engine.checkpoint('x', 'mine'))
    await stage.now(stage.engine.signal('x', 'one', null))
    const before = (await stage.show('x')).checkpoints
    await stage.harness.restart()
    assert.deepEqual((await stage.show('x')).checkpoints, before)
    await stage.now(stage.engine.rollback('x', checkpointId))
    assert.deepEqual(undone(stage), ['x/b/1/compensate'])
  },
  async 'a checkpoint is named by its id or by its step'(stage) {
    for (const [id, to] of [
      ['x', 'x/b'],
      ['y', 'b'],
    ] as const) {
      await stage.begin(chain, { executionId: id })
      await stage.now(stage.engine.rollback(id, to))
      assert.deepEqual(undone(stage).slice(-1), [`${id}/c/1/compensate`])
      assert.deepEqual(done(stage).slice(-1), [`${id}/c/2`])
    }
    assert.equal(undone(stage).length, 2)
  },
  async 'one that was taken is named by its id'(stage) {
    await atStop(stage, 'two')
    const { checkpointId } = await stage.now(stage.engine.checkpoint('x'))
    await stage.now(stage.engine.checkpoint('x'))
    await stage.now(stage.engine.signal('x', 'two', null))
    await stage.now(stage.engine.rollback('x', checkpointId))
    assert.deepEqual(undone(stage), ['x/c/1/compensate'])
  },
  async 'a label names the newest checkpoint that has it'(stage) {
    await atStop(stage, 'one')
    await stage.now(stage.engine.checkpoint('x', 'L'))
    await stage.now(stage.engine.signal('x', 'one', null))
    await stage.now(stage.engine.checkpoint('x', 'L'))
    await stage.now(stage.engine.signal('x', 'two', null))
    await stage.now(stage.engine.rollback('x', 'L'))
    assert.deepEqual(undone(stage), ['x/c/1/compensate'])
  },
  async 'the `checkpoint` of a step is the label of its completion'(stage) {
    await stage.begin(
      probe({
        a: undoable({ checkpoint: 'begun' }),
        b: undoable({ needs: ['a'] }),
        gate: { needs: ['b'], waitFor: { signal: 'go' } },
      }),
      { executionId: 'x' },
    )
    await stage.now(stage.engine.rollback('x', 'begun'))
    assert.deepEqual(undone(stage), ['x/b/1/compensate'])
  },
  async '`start` is before the first step'(stage) {
    await stage.begin(chain, { executionId: 'x' })
    await stage.now(stage.engine.rollback('x', 'start'))
    assert.deepEqual(done(stage).slice(3), ['x/a/2', 'x/b/2', 'x/c/2'])
  },
  async '`lastCheckpoint` is the newest of a `checkpoint` or the verb, not of a plain completion'(
    stage,
  ) {
    await stage.begin(
      probe({
        a: undoable({ checkpoint: 'one' }),
        b: undoable({ needs: ['a'] }),
        gate: { needs: ['b'], waitFor: { signal: 'go' } },
        c: undoable({ needs: ['gate'] }),
        last: { needs: ['c'], waitFor: { signal: 'end' } },
      }),
      { executionId: 'x' },
    )
    await stage.now(stage.engine.rollback('x', 'lastCheckpoint'))
    assert.deepEqual(undone(stage), ['x/b/1/compensate'])
    await stage.now(stage.engine.checkpoint('x'))
    await stage.now(stage.engine.signal('x', 'go', null))
    await stage.now(stage.engine.rollback('x', 'lastCheckpoint'))
    assert.deepEqual(undone(stage).slice(1).map(stepOf), ['c'])
  },
  async '`lastCheckpoint` is `start` when there is none'(stage) {
    await stage.begin(chain, { executionId: 'x' })
    await stage.now(stage.engine.rollback('x', 'lastCheckpoint'))
    assert.deepEqual(undone(stage).map(stepOf), ['c', 'b', 'a'])
  },
  async '`lastHealthy` is refused while no anomaly is in force'(stage) {
    await stage.begin(chain, { executionId: 'x' })
    await stage.now(stage.engine.checkpoint('x', 'L'))
    await stage.refused(stage.engine.rollback('x', 'lastHealthy'), 'RefusedError')
    await stage.refused(stage.engine.fork('x', 'lastHealthy'), 'RefusedError')
    assert.deepEqual(undone(stage), [])
    assert.equal(await stage.status('x'), 'waiting')
  },
  async 'a name that means no checkpoint is not found, also that of a step that has not completed'(
    stage,
  ) {
    await stage.begin(chain, { executionId: 'x' })
    await stage.begin(chain, { executionId: 'y' })
    for (const name of ['nothing', 'gate', 'x/gate', 'x/@99999', 'y/a']) {
      await stage.refused(stage.engine.rollback('x', name), 'NotFoundError')
    }
    assert.deepEqual(undone(stage), [])
  },
  async 'a step that was undone is no checkpoint until it completes again, then its newest is'(
    stage,
  ) {
    await stage.begin(chain, { executionId: 'x' })
    await stage.harness.advance(1_000)
    await stage.now(stage.engine.rollback('x', 'a'))
    const { checkpoints } = await stage.show('x')
    const ofB = checkpoints.filter(({ checkpointId }) => checkpointId === 'x/b')
    assert.deepEqual(
      ofB.map(({ atMs }) => atMs),
      [stage.harness.nowMs()],
    )
    await stage.now(stage.engine.rollback('x', 'b'))
    assert.deepEqual(undone(stage).slice(2), ['x/c/2/compensate'])
    assert.deepEqual(done(stage).slice(5), ['x/c/3'])
  },
  async 'a checkpoint of what was undone since brings none of its state back'(stage) {
    stage.script.run = ({ key, state }) => {
      if (key === 'x/b/1') state.set('first', true)
      return null
    }
    await stage.begin(chain, { executionId: 'x' })
    await stage.now(stage.engine.checkpoint('x', 'L'))
    await stage.now(stage.engine.rollback('x', 'a'))
    for (const to of ['L', 'lastCheckpoint']) {
      await stage.now(stage.engine.rollback('x', to).catch(() => false))
      assert.equal(await stage.now(stage.engine.getState('x', 'first')), null)
      assert.equal((await stage.show('x')).steps['b']?.status, 'completed')
    }
    assert.deepEqual(undone(stage).slice(0, 2), ['x/c/1/compensate', 'x/b/1/compensate'])
    assert.equal(new Set(undone(stage)).size, undone(stage).length)
  },
}

/** Without what the shape of the mission adds. */
function briefly({ checkpointId, stepId, label, reason, atMs }: CheckpointView): object {
  return { checkpointId, stepId, label, reason, atMs }
}

/** An execution `x` of `stops` that waits there. */
async function atStop(stage: EngineStage, stop: 'one' | 'two'): Promise<void> {
  await stage.begin(stops, { executionId: 'x' })
  if (stop === 'two') await stage.now(stage.engine.signal('x', 'one', null))
}

function stepOf(key: string): string {
  return key.split('/')[1] ?? ''
}
