import assert from 'node:assert/strict'
import { type EngineChecks, probe } from '../engine-stage.ts'
import { deaf, held } from '../scripted-agents.ts'
import { chain, done, goingBack, undoable, undone } from './undo-scenes.ts'

/** A kill -9 at several moments of a rollback. */
export const rollbackCrashChecks: EngineChecks = {
  async 'a crash before the first undoing has ended repeats only that call'(stage) {
    await goingBack(stage)
    stage.script.run = () => null
    await stage.harness.restart({ downMs: 1_000 })
    assert.deepEqual(stage.script.keys.slice(3), [
      'x/c/1/compensate',
      'x/c/1/compensate',
      'x/b/1/compensate',
      'x/b/2',
      'x/c/2',
    ])
    await stage.now(stage.engine.signal('x', 'go', null))
    assert.equal((await stage.ended('x')).status, 'completed')
  },
  async 'a crash between two undoings repeats nothing that was recorded'(stage) {
    await stage.begin(chain, { executionId: 'x' })
    stage.script.run = ({ action, stepId }) => (action === 'undo' && stepId === 'b' ? held : null)
    await stage.now(stage.engine.rollback('x', 'a'))
    stage.script.run = () => null
    await stage.harness.restart()
    assert.deepEqual(stage.script.keys.slice(3), [
      'x/c/1/compensate',
      'x/b/1/compensate',
      'x/b/1/compensate',
      'x/b/2',
      'x/c/2',
    ])
  },
  async 'a crash while aborted attempts are awaited goes on with the rollback'(stage) {
    stage.script.run = ({ key }) => (key === 'x/b/1' ? deaf : null)
    await stage.begin(
      probe({ a: undoable(), b: undoable({ needs: ['a'] }), c: undoable({ needs: ['b'] }) }),
      { executionId: 'x' },
    )
    await stage.now(stage.engine.rollback('x', 'a'))
    await stage.harness.restart()
    const run = await stage.ended('x', 30_000)
    assert.equal(run.status, 'completed')
    assert.deepEqual(stage.script.keys.slice(1), ['x/b/1', 'x/b/1/compensate', 'x/b/2', 'x/c/1'])
    assert.deepEqual(stage.script.calls[2]?.input, { input: {}, output: null })
  },
  async 'a crash while the steps run again keeps their run'(stage) {
    await stage.begin(chain, { executionId: 'x' })
    stage.script.run = ({ key }) => (key === 'x/b/2' ? held : null)
    await stage.now(stage.engine.rollback('x', 'a'))
    stage.script.run = () => null
    await stage.harness.restart()
    assert.deepEqual(done(stage).slice(3), ['x/b/2', 'x/b/2', 'x/c/2'])
    assert.equal(undone(stage).length, 2)
  },
}
