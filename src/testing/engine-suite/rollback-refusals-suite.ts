import assert from 'node:assert/strict'
import type { LogEntry } from '../../engine/index.ts'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { final, held, passing } from '../scripted-agents.ts'
import { chain, compensate, done, undoable, undone } from './undo-scenes.ts'

const gate = (...needs: string[]) => ({ needs, waitFor: { signal: 'go' } })

/** What a rollback refuses, and that a refused one changes nothing. */
export const rollbackRefusalChecks: EngineChecks = {
  async 'completed and cancelled executions refuse rollback and name fork'(stage) {
    await stage.finish(probe({ a: undoable() }), { executionId: 'completed' })
    await stage.begin(chain, { executionId: 'cancelled' })
    await stage.now(stage.engine.cancelWorkflow('cancelled'))
    await stage.ended('cancelled')
    for (const id of ['completed', 'cancelled']) {
      for (const acceptEffects of [false, true]) {
        const error = await stage.refused(
          stage.engine.rollback(id, 'start', { acceptEffects }),
          'RefusedError',
        )
        assert.match(`${error.message} ${error.hint}`, /fork/)
      }
      assert.equal(await stage.status(id), id)
    }
    assert.deepEqual(undone(stage), [])
  },
  async 'an execution that nobody knows is not found'(stage) {
    await stage.refused(stage.engine.rollback('nobody', 'start'), 'NotFoundError')
  },
  async 'a `once` step without compensate after the checkpoint refuses, with the list'(stage) {
    await stage.begin(
      probe({
        a: call('pay'),
        safe: undoable({ needs: ['a'] }),
        pay: call('pay', { needs: ['safe'] }),
        undone: call('pay', { needs: ['pay'], compensate }),
        each: call('pay', { needs: ['pay'], forEach: '[0, 1]' }),
        last: gate('undone', 'each'),
      }),
      { executionId: 'x' },
    )
    const error = await stage.refused(stage.engine.rollback('x', 'a'), 'RefusedError')
    assert.deepEqual(effectsOf(error), ['each[0]', 'each[1]', 'pay'])
    assert.match(`${error.message} ${error.hint}`, /accept/i)
    await unchanged(stage, 6)
    assert.equal(await stage.status('x'), 'waiting')
  },
  async 'with acceptEffects it goes back nevertheless, calls again, and records that'(stage) {
    const heard: LogEntry[] = []
    await stage.begin(
      probe({ a: undoable(), pay: call('pay', { needs: ['a'] }), last: gate('pay') }),
      { executionId: 'x' },
    )
    stage.engine.subscribe({ onEvent: (entry) => heard.push(entry) })
    const answer = stage.engine.rollback('x', 'a', { acceptEffects: true })
    assert.equal(await stage.now(answer), true)
    assert.deepEqual(stage.script.keys, ['x/a/1', 'x/pay/1', 'x/pay/2'])
    assert.match(JSON.stringify(heard), /accept/i)
  },
  async 'effects before the checkpoint, steps that did not run and calls that failed for certain do not refuse'(
    stage,
  ) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'refused') throw final()
      return null
    }
    await stage.begin(
      probe({
        pay: call('pay'),
        b: undoable({ needs: ['pay'] }),
        off: call('pay', { needs: ['b'], when: 'false' }),
        refused: call('pay', { needs: ['b'], continueOnFailure: true }),
        mid: gate('b'),
        later: call('pay', { needs: ['mid'] }),
      }),
      { executionId: 'x' },
    )
    assert.equal(await stage.now(stage.engine.rollback('x', 'pay')), true)
    assert.deepEqual(done(stage).slice(3).toSorted(), ['x/b/2', 'x/refused/2'])
    assert.equal(stage.script.count('pay'), 1)
  },
  async 'an uncertain step without compensate refuses; with acceptEffects it is called again'(
    stage,
  ) {
    stage.script.run = ({ key }) => {
      if (key === 'x/pay/1') throw passing('connection lost')
      return null
    }
    await stage.begin(probe({ a: undoable(), pay: call('pay', { needs: ['a'] }) }), {
      executionId: 'x',
    })
    const error = await stage.refused(stage.engine.rollback('x', 'a'), 'RefusedError')
    assert.deepEqual(effectsOf(error), ['pay'])
    assert.equal((await stage.show('x')).steps['pay']?.status, 'uncertain')
    await stage.now(stage.engine.rollback('x', 'a', { acceptEffects: true }))
    assert.equal((await stage.ended('x')).status, 'completed')
    assert.deepEqual(stage.script.keys.slice(1), ['x/pay/1', 'x/pay/2'])
  },
  async 'a `once` call without compensate that runs refuses, and is not aborted by that'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'pay' ? held : null)
    await stage.begin(probe({ a: undoable(), pay: call('pay', { needs: ['a'] }) }), {
      executionId: 'x',
    })
    const error = await stage.refused(stage.engine.rollback('x', 'a'), 'RefusedError')
    assert.deepEqual(effectsOf(error), ['pay'])
    assert.equal(stage.script.call('pay').signal.aborted, false)
    stage.script.call('pay').resolve('paid')
    assert.deepEqual((await stage.ended('x')).output, { pay: 'paid' })
  },
  async 'a running call without compensate whose outcome is not known refuses unless it only reads'(
    stage,
  ) {
    stage.script.run = ({ key }) => (/(w|r)\/1$/.test(key) ? held : null)
    await stage.begin(probe({ a: undoable(), w: call('write', { needs: ['a'] }) }), {
      executionId: 'writes',
    })
    await stage.begin(probe({ a: undoable(), r: call('read', { needs: ['a'] }) }), {
      executionId: 'reads',
    })
    const error = await stage.refused(stage.engine.rollback('writes', 'a'), 'RefusedError')
    assert.deepEqual(effectsOf(error), ['w'])
    assert.equal(stage.script.call('w').signal.aborted, false)
    assert.equal(await stage.now(stage.engine.rollback('reads', 'a')), true)
    assert.equal((await stage.ended('reads')).status, 'completed')
  },
  async 'a refused rollback leaves a paused execution paused and a failed one failed'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'down') throw final()
      return null
    }
    const steps = { a: call('write'), pay: call('pay', { needs: ['a'] }) }
    await stage.begin(probe({ ...steps, last: gate('pay') }), { executionId: 'paused' })
    await stage.now(stage.engine.pauseWorkflow('paused'))
    await stage.finish(probe({ ...steps, down: call('read', { needs: ['pay'] }) }), {
      executionId: 'failed',
    })
    for (const id of ['paused', 'failed']) {
      await stage.refused(stage.engine.rollback(id, 'a'), 'RefusedError')
      await stage.refused(stage.engine.rollback(id, 'nothing'), 'NotFoundError')
      assert.equal(await stage.status(id), id)
    }
    assert.equal((await stage.now(stage.engine.deadLetters())).length, 1)
  },
}

/** Labels of the calls in `details.effects`, whatever else is said of each. */
function effectsOf(error: { readonly details: unknown }): readonly string[] {
  const { effects } = error.details as { readonly effects: readonly unknown[] }
  const labels = effects.map((effect) => JSON.stringify(effect).match(/[a-z]+(?:\[\d+\])?/)?.[0])
  return labels.map(String).toSorted()
}

async function unchanged(stage: EngineStage, calls: number): Promise<void> {
  await stage.harness.advance(60_000)
  assert.deepEqual(undone(stage), [])
  assert.equal(stage.script.calls.length, calls)
}
