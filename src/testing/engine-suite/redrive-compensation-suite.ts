import assert from 'node:assert/strict'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { final, held } from '../scripted-agents.ts'
import { chain, letters, undoable } from './undo-scenes.ts'

const undoing = { onFailure: 'compensate' } as const

/** `a` and `b` that can be undone, then `down`. */
const failing = {
  a: undoable(),
  b: undoable({ needs: ['a'] }),
  down: call('read', { needs: ['b'] }),
}

/** Dead letters of compensations that failed for good. */
export const redriveCompensationChecks: EngineChecks = {
  async 'a compensation that failed for good has a dead letter of its own beside that of its execution'(
    stage,
  ) {
    await failToUndo(stage)
    const found = await stage.now(stage.engine.deadLetters())
    const shown = found.map(({ id, executionId, stepId }) => ({ id, executionId, stepId }))
    assert.deepEqual(
      shown.toSorted((one, other) => (one.id < other.id ? -1 : 1)),
      [
        { id: 'x', executionId: 'x', stepId: 'down' },
        { id: 'x/b/compensate', executionId: 'x', stepId: 'b' },
      ],
    )
    const own = found.find(({ id }) => id === 'x/b/compensate')
    assert.match(own?.error.message ?? '', /cannot undo/)
  },
  async 'redriving it calls the compensation again under its key, and the execution stays failed'(
    stage,
  ) {
    await failToUndo(stage)
    stage.script.run = () => null
    const before = stage.script.calls.length
    await stage.now(stage.engine.redrive('x/b/compensate'))
    await stage.harness.advance(60_000)
    assert.deepEqual(stage.script.keys.slice(before), ['x/b/1/compensate'])
    assert.deepEqual(stage.script.calls.at(-1)?.input, { input: {}, output: 'of b' })
    assert.deepEqual(await letters(stage), ['x'])
    const { status, steps } = await stage.show('x')
    assert.deepEqual([status, steps['b']?.status], ['failed', 'compensated'])
    stage.releasedAll()
  },
  async 'one that fails again has its dead letter again; a crash in between loses nothing'(stage) {
    await failToUndo(stage)
    await stage.now(stage.engine.redrive('x/b/compensate'))
    await stage.harness.advance(60_000)
    assert.deepEqual((await letters(stage)).toSorted(), ['x', 'x/b/compensate'])
    stage.script.run = () => held
    await stage.now(stage.engine.redrive('x/b/compensate'))
    stage.script.run = () => null
    await stage.harness.restart()
    await stage.harness.advance(60_000)
    assert.deepEqual(await letters(stage), ['x'])
    assert.equal((await stage.show('x')).steps['b']?.status, 'compensated')
  },
  async 'discarding that of a compensation leaves that of the execution'(stage) {
    await failToUndo(stage)
    await stage.now(stage.engine.discard('x/b/compensate'))
    assert.deepEqual(await letters(stage), ['x'])
    await stage.refused(stage.engine.redrive('x/b/compensate'), 'NotFoundError')
    await stage.refused(stage.engine.discard('x/b/compensate'), 'NotFoundError')
  },
  async 'a compensation that fails in a cancelled execution has its own, the execution has none'(
    stage,
  ) {
    stage.script.run = ({ action }) => {
      if (action === 'undo') throw final()
      return null
    }
    await stage.begin(
      probe({ each: undoable({ forEach: '[0, 1]' }), w: { waitFor: { signal: 's' } } }, undoing),
      { executionId: 'x' },
    )
    await stage.now(stage.engine.cancelWorkflow('x'))
    assert.equal((await stage.ended('x')).status, 'cancelled')
    const open = ['x/each[0]/compensate', 'x/each[1]/compensate']
    assert.deepEqual((await letters(stage)).toSorted(), open)
    stage.script.run = () => null
    for (const id of open) await stage.now(stage.engine.redrive(id))
    await stage.harness.advance(60_000)
    assert.deepEqual(await letters(stage), [])
    assert.equal(await stage.status('x'), 'cancelled')
  },
  async 'redriving one of an execution that has completed since calls it alone, and it stays completed'(
    stage,
  ) {
    stage.script.run = ({ stepId, action }) => {
      if (stepId === 'c' && action === 'undo') throw final('cannot undo')
      return null
    }
    await stage.begin(chain, { executionId: 'x' })
    await stage.now(stage.engine.rollback('x', 'a'))
    await stage.now(stage.engine.signal('x', 'go', 'end'))
    const before = await stage.ended('x')
    assert.equal(before.status, 'completed')
    const calls = stage.script.calls.length
    stage.script.run = () => null
    await stage.now(stage.engine.redrive('x/c/compensate'))
    await stage.harness.advance(60_000)
    assert.deepEqual(stage.script.keys.slice(calls), ['x/c/1/compensate'])
    assert.deepEqual(await stage.ended('x'), before)
    assert.deepEqual(await letters(stage), [])
    await stage.harness.restart()
    assert.deepEqual(await stage.ended('x'), before)
  },
  async 'a redrive of the execution keeps the effect that could not be undone, and a later failure undoes it'(
    stage,
  ) {
    await failToUndo(stage)
    const calls = stage.script.calls.length
    stage.script.run = ({ stepId }) => {
      if (stepId === 'down') throw final()
      return 'again'
    }
    await stage.now(stage.engine.redrive('x'))
    const run = await stage.ended('x')
    assert.deepEqual([run.status, run.steps['b']?.status], ['failed', 'compensated'])
    assert.deepEqual(stage.script.keys.slice(calls).toSorted(), [
      'x/a/2',
      'x/a/2/compensate',
      'x/b/1/compensate',
      'x/down/1',
    ])
    assert.deepEqual(await letters(stage), ['x'])
  },
}

/** A failed execution `x`, of which `a` is undone and `b` could not be. */
async function failToUndo(stage: EngineStage): Promise<void> {
  stage.script.run = ({ stepId, action }) => {
    if (stepId === 'down') throw final()
    if (stepId === 'b' && action === 'undo') throw final('cannot undo')
    return `of ${stepId}`
  }
  const run = await stage.finish(probe(failing, undoing), { executionId: 'x' })
  assert.equal(run.steps['a']?.status, 'compensated')
}
