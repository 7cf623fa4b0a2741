import assert from 'node:assert/strict'
import { call, type EngineChecks, probe } from '../engine-stage.ts'
import { final, held, type SeenCall } from '../scripted-agents.ts'
import { adaptationRefusalChecks } from './adaptation-refusals-suite.ts'
import { outputOf, pattern } from './pattern-scenes.ts'

const adaptation = {
  patterns: ['consensus', 'fanOut'],
  maxParallel: 3,
  agents: ['backup'],
  approval: true,
  pause: true,
} as const

/** `first` is held; what needs it has not started. */
const scene = probe(
  {
    first: call('read'),
    line: pattern('pipeline', { needs: ['first'] }),
    last: call('read', { needs: ['line'] }),
  },
  { adaptation },
)
const because = 'an anomaly'

function holdFirst({ stepId }: SeenCall): unknown {
  return stepId === 'first' ? held : { choice: 'yes' }
}

/** What an adaptation changes in a running execution, and what it leaves alone. */
const changing: EngineChecks = {
  async 'a step that has not started is worked by the pattern, the agent and after the approval that it was adapted to'(
    stage,
  ) {
    stage.script.run = holdFirst
    const id = await stage.begin(scene)
    const { engine } = stage
    const made = await stage.now(engine.adapt(id, { pattern: 'consensus', because }))
    assert.deepEqual(
      [made.adaptationId, made.because, made.changes, made.isReverted],
      [
        'adaptation-1',
        because,
        [{ stepId: 'line', pattern: 'consensus', maxParallel: null, agent: null, approval: null }],
        false,
      ],
    )
    await stage.now(
      engine.adapt(id, { step: 'last', agent: 'backup', approval: true, because, id: 'own' }),
    )
    stage.script.call('first').resolve(1)
    await stage.harness.advance(0)
    const waiting = await stage.show(id)
    assert.deepEqual([waiting.status, waiting.steps['last']?.status], ['waiting', 'waiting'])
    assert.equal(outputOf(waiting, 'line')['agreement'], 1)
    await stage.now(engine.signal(id, 'approve-last', null))
    const run = await stage.ended(id)
    assert.deepEqual([run.status, stage.script.calls.at(-1)?.agent], ['completed', 'backup'])
    assert.deepEqual(
      (await stage.show(id)).adaptations?.map(({ adaptationId }) => adaptationId),
      ['adaptation-1', 'own'],
    )
    stage.releasedAll()
  },
  async 'items of a running forEach start up to the new maxParallel, and fewer after a lower one'(
    stage,
  ) {
    stage.script.run = () => held
    const each = call('read', { forEach: '[0, 1, 2, 3, 4, 5]', maxParallel: 1 })
    const id = await stage.begin(probe({ each }, { adaptation }))
    assert.equal(stage.script.calls.length, 1)
    await stage.now(stage.engine.adapt(id, { maxParallel: 3, because }))
    assert.equal(stage.script.calls.length, 3)
    await stage.now(stage.engine.adapt(id, { step: 'each', maxParallel: 1, because }))
    for (const item of [0, 1]) stage.script.call(`each[${item}]`).resolve(null)
    await stage.harness.advance(0)
    assert.equal(stage.script.calls.length, 3)
    stage.script.call('each[2]').resolve(null)
    await stage.harness.advance(0)
    assert.equal(stage.script.calls.length, 4)
  },
  async 'an approval that was refused fails the step, and a redrive asks again'(stage) {
    stage.script.run = holdFirst
    const id = await stage.begin(scene)
    const { engine } = stage
    await stage.now(engine.adapt(id, { step: 'line', approval: 'go', because }))
    await stage.now(engine.signal(id, 'go', { approved: false }))
    stage.script.call('first').resolve(1)
    const run = await stage.ended(id)
    assert.deepEqual([run.status, run.error?.code], ['failed', 'RefusedError'])
    assert.equal(run.steps['line']?.status, 'failed')
    assert.equal(stage.script.calls.length, 1)
    await stage.now(engine.redrive(id))
    assert.equal(await stage.status(id), 'waiting')
    await stage.now(engine.signal(id, 'go', { approved: true }))
    assert.equal((await stage.ended(id)).status, 'completed')
  },
  async 'an approval of a step that failed can be taken back before a redrive begins the step again'(
    stage,
  ) {
    const compensate = { agent: 'worker', action: 'undo' }
    const first = call('write', { compensate })
    const last = call('read', { needs: ['first'], agent: 'backup' })
    stage.script.run = ({ stepId, action }) => {
      if (stepId === 'first') return action === 'undo' ? null : held
      throw final()
    }
    const id = await stage.begin(probe({ first, last }, { adaptation, onFailure: 'compensate' }))
    const { engine } = stage
    await stage.now(engine.adapt(id, { id: 'a', step: 'last', approval: 'go', because }))
    stage.script.call('first').resolve(1)
    await stage.harness.advance(0)
    await stage.now(engine.signal(id, 'go', null))
    assert.equal((await stage.ended(id)).status, 'failed')
    await stage.now(engine.redrive(id))
    assert.equal(await stage.now(engine.revertAdaptation(id, 'a', 'over')), true)
    stage.script.run = () => 'done'
    stage.script.call('first').resolve(1)
    assert.equal((await stage.ended(id)).status, 'completed')
  },
  async 'a pause by adaptation withholds starts until it is resumed or reverted'(stage) {
    stage.script.run = holdFirst
    const id = await stage.begin(scene)
    const { engine } = stage
    await stage.now(engine.adapt(id, { id: 'p', pause: true, because }))
    stage.script.call('first').resolve(1)
    await stage.harness.advance(60_000)
    assert.deepEqual([await stage.status(id), stage.script.calls.length], ['paused', 1])
    assert.equal(await stage.now(engine.revertAdaptation(id, 'p', 'over')), true)
    assert.equal((await stage.ended(id)).status, 'completed')
  },
  async 'the same id twice is one adaptation, also after a crash and after the end'(stage) {
    stage.script.run = holdFirst
    const id = await stage.begin(scene)
    const request = { id: 'a', step: 'last', agent: 'backup', because } as const
    const first = await stage.now(stage.engine.adapt(id, request))
    await stage.harness.restart()
    assert.deepEqual(await stage.now(stage.engine.adapt(id, request)), first)
    stage.script.run = ({ input }) => input
    stage.script.call('first').resolve(1)
    await stage.harness.restart()
    await stage.ended(id)
    assert.deepEqual(await stage.now(stage.engine.adapt(id, request)), first)
    assert.equal((await stage.show(id)).adaptations?.length, 1)
  },
  async 'what was reverted is as it was for steps that have not started'(stage) {
    stage.script.run = holdFirst
    const id = await stage.begin(scene)
    const { engine } = stage
    await stage.now(engine.adapt(id, { id: 'p', pattern: 'consensus', because }))
    await stage.now(engine.adapt(id, { id: 'a', step: 'last', approval: true, because }))
    assert.equal(await stage.now(engine.revertAdaptation(id, 'p', 'over')), true)
    assert.equal(await stage.now(engine.revertAdaptation(id, 'p', 'over')), false)
    stage.script.call('first').resolve(1)
    await stage.harness.advance(0)
    const shown = await stage.show(id)
    assert.ok('stages' in outputOf(shown, 'line'))
    // It waits because of the adaptation alone.
    assert.equal(await stage.now(engine.revertAdaptation(id, 'a', 'over')), true)
    assert.equal((await stage.ended(id)).status, 'completed')
  },
}

/** What an adaptation means after going back, elsewhere and after a crash. */
const lasting: EngineChecks = {
  async 'it survives a crash, also while its approval is waited for'(stage) {
    stage.script.run = holdFirst
    const id = await stage.begin(scene)
    await stage.now(
      stage.engine.adapt(id, { step: 'last', agent: 'backup', approval: true, because }),
    )
    stage.script.call('first').resolve(1)
    await stage.harness.advance(0)
    await stage.harness.restart({ downMs: 60_000 })
    assert.equal(await stage.status(id), 'waiting')
    await stage.now(stage.engine.signal(id, 'approve-last', { approved: true }))
    assert.equal((await stage.ended(id)).status, 'completed')
    assert.equal(stage.script.calls.at(-1)?.agent, 'backup')
  },
  async 'a rollback leaves it in force, and its approval is asked for anew'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'last' ? held : { choice: 'yes' })
    const id = await stage.begin(scene)
    const { engine } = stage
    const later = { step: 'last', approval: true, because } as const
    const refusal = await stage.refused(engine.adapt(id, later), 'RefusedError')
    assert.match(refusal.message, /has started/)
    await stage.now(engine.pauseWorkflow(id))
    await stage.now(engine.rollback(id, 'first'))
    stage.script.call('last').reject(new Error('stopped'))
    await stage.harness.advance(60_000)
    await stage.now(engine.adapt(id, later))
    await stage.now(engine.resumeWorkflow(id))
    for (const round of [1, 2]) {
      assert.equal(await stage.status(id), 'waiting', `round ${round}`)
      if (round === 1) await stage.now(engine.rollback(id, 'start'))
    }
    await stage.now(engine.signal(id, 'approve-last', null))
    stage.script.calls.at(-1)?.resolve('done')
    assert.equal((await stage.ended(id)).status, 'completed')
  },
  async 'a fork takes over what was in force at the checkpoint, and not what came later'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'line' ? held : { choice: 'yes' })
    const id = await stage.begin(scene)
    const { engine } = stage
    await stage.now(engine.adapt(id, { step: 'last', agent: 'backup', because }))
    await stage.now(engine.checkpoint(id, 'here'))
    await stage.now(engine.adapt(id, { step: 'last', approval: true, because }))
    const fork = await stage.now(engine.fork(id, 'here'))
    stage.script.run = () => ({ choice: 'yes' })
    for (const { stepId, resolve } of stage.script.calls) if (stepId === 'line') resolve({})
    const run = await stage.ended(fork)
    assert.deepEqual([run.status, stage.script.calls.at(-1)?.agent], ['completed', 'backup'])
    assert.equal((await stage.show(fork)).adaptations?.length, 1)
  },
}

/** Adapting executions while they run. */
export const adaptationChecks: EngineChecks = {
  ...changing,
  ...lasting,
  ...adaptationRefusalChecks,
}
