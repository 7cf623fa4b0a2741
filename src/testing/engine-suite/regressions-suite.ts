import assert from 'node:assert/strict'
import { suspend } from '../../agents/index.ts'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { deaf, final, held, passing } from '../scripted-agents.ts'
import { undoRegressionChecks } from './undo-regressions-suite.ts'

const one = probe({ a: call('read', { with: { v: '${ input.v }' } }) })
const compensate = { agent: 'worker', action: 'undo' }
const undoing = { onFailure: 'compensate' } as const

/** Behaviours that were missing once. */
export const regressionChecks: EngineChecks = {
  ...undoRegressionChecks,
  async 'an early signal that a suspended call refuses is passed over and stays'(stage) {
    stage.script.run = ({ resumed }) =>
      resumed === null
        ? suspend({ signal: 'ok', schema: { type: 'object', required: ['y'] } })
        : { got: resumed.data }
    const id = await stage.begin(probe({ z: { sleep: '1s' }, a: call('write', { needs: ['z'] }) }))
    await stage.now(stage.engine.signal(id, 'ok', { n: 1 }))
    await stage.now(stage.engine.signal(id, 'ok', { y: 1 }))
    const run = await stage.ended(id, 1_000)
    assert.deepEqual(run.steps['a']?.output, { got: { y: 1 } })
  },
  async 'a sleep beyond its timeout fails, and outputs may name its null'(stage) {
    const run = await stage.finish(
      probe({
        a: { sleep: '5s', timeout: '1s', continueOnFailure: true },
        b: { sleep: '1s', outputs: { was: '${ output }' } },
      }),
      { forMs: 5_000 },
    )
    assert.equal(run.steps['a']?.status, 'failed')
    assert.deepEqual(run.steps['b']?.output, { was: null })
  },
  async 'a step whose items fail before their calls is tolerated and its dependents run'(stage) {
    const run = await stage.finish(
      probe({
        a: call('read', {
          forEach: '[1]',
          with: { v: '${ input.gone }' },
          continueOnFailure: true,
        }),
        b: call('read', { needs: ['a'], with: { s: '${ steps.a.status }' } }),
      }),
    )
    assert.deepEqual([run.status, run.output], ['completed', { b: { s: 'failed' } }])
  },
  async 'a tolerated budget refusal lets its dependents run'(stage) {
    const steps = {
      a: call('read'),
      b: call('read', { needs: ['a'], continueOnFailure: true }),
      c: { needs: ['b'], sleep: '1s' } as const,
    }
    const run = await stage.finish(probe(steps, { budget: { agentCalls: 1 } }), { forMs: 1_000 })
    assert.deepEqual(
      [run.status, run.steps['b']?.status, run.steps['c']?.status],
      ['completed', 'failed', 'completed'],
    )
  },
  async 'a lost attempt that waits for its redelivery is undone with output null at cancel'(stage) {
    stage.script.run = ({ action }) => (action === 'undo' ? null : held)
    const id = await stage.begin(
      probe({ first: { agent: 'narrow', action: 'write', compensate } }, undoing),
    )
    const block = await stage.begin(probe({ a: { sleep: '1s' } }))
    await stage.harness.restart()
    await stage.now(stage.engine.pauseWorkflow(id))
    await stage.harness.restart()
    assert.equal(await stage.status(id), 'paused')
    await stage.now(stage.engine.cancelWorkflow(id))
    const run = await stage.ended(id)
    assert.equal(run.status, 'cancelled')
    assert.deepEqual(undone(stage), ['first'])
    await stage.ended(block, 1_000)
  },
  async 'cancel waits at most 30 s for attempts that do not heed their abort and gives their places back'(
    stage,
  ) {
    stage.script.run = () => deaf
    const id = await stage.begin(probe({ a: { agent: 'narrow', action: 'write' } }))
    assert.equal(await stage.now(stage.engine.cancelWorkflow(id)), true)
    await stage.harness.advance(29_999)
    assert.equal(await stage.status(id), 'running')
    const run = await stage.ended(id, 1)
    assert.equal(run.status, 'cancelled')
    assert.deepEqual(run.error?.details?.['uncertain'], ['a'])
    stage.releasedAll()
  },
  async 'a signal that came in time leaves no timer while the execution goes on'(stage) {
    const id = await stage.begin(
      probe({
        a: { waitFor: { signal: 'go', timeout: '1h' } },
        b: { forEach: '[1]', waitFor: { signal: 'go', timeout: '1h' } },
        w: { waitFor: { signal: 'end' } },
      }),
    )
    await stage.now(stage.engine.signal(id, 'go', 1))
    await stage.now(stage.engine.signal(id, 'go', 2))
    assert.equal((await stage.show(id)).steps['b']?.status, 'completed')
    assert.equal(stage.harness.held?.()['timers'] ?? 0, 0)
  },
  async 'pause of an execution that is being cancelled changes nothing'(stage) {
    stage.script.run = ({ action }) => (action === 'undo' ? held : null)
    const compensate = { agent: 'worker', action: 'undo' }
    const id = await stage.begin(
      probe(
        { a: call('write', { compensate }), w: { waitFor: { signal: 's' } } },
        { onFailure: 'compensate' },
      ),
    )
    await stage.now(stage.engine.cancelWorkflow(id))
    assert.equal(await stage.status(id), 'running')
    assert.equal(await stage.now(stage.engine.pauseWorkflow(id)), false)
    assert.equal(await stage.now(stage.engine.resumeWorkflow(id)), false)
    stage.script.calls.at(-1)?.resolve(null)
    assert.equal((await stage.ended(id)).status, 'cancelled')
  },
  async 'degraded names the fallback that completed the step'(stage) {
    stage.script.run = ({ key }) => {
      if (!key.endsWith('/f2')) throw final()
      return 'second'
    }
    const fallback = [
      { agent: 'backup', action: 'read' },
      { agent: 'backup', action: 'write' },
    ]
    const run = await stage.finish(probe({ a: call('read', { fallback }) }))
    assert.equal(run.status, 'completed')
    assert.deepEqual(
      [run.steps['a']?.degraded?.from, run.steps['a']?.degraded?.to],
      ['worker.read', 'backup.write'],
    )
  },
  async 'a subscriber that throws harms nobody'(stage) {
    stage.engine.subscribe({
      onEvent() {
        throw new Error('listener')
      },
    })
    const run = await stage.finish(one, { input: { v: 1 } })
    assert.equal(run.status, 'completed')
    assert.equal((await stage.finish(one, { input: { v: 2 } })).status, 'completed')
  },
  async 'what a caller does to its data later changes nothing'(stage) {
    stage.script.run = ({ stepId, input }) => (stepId === 'a' ? held : input)
    const list = [1]
    const data = { n: 1 }
    const id = await stage.begin(
      probe({
        a: call('read'),
        w: { waitFor: { signal: 'go' } },
        b: call('read', {
          needs: ['a', 'w'],
          with: { l: '${ input.list }', d: '${ steps.w.output }' },
        }),
      }),
      { input: { list } },
    )
    await stage.now(stage.engine.signal(id, 'go', data))
    list.push(2)
    data.n = 2
    stage.script.call('a').resolve(null)
    assert.deepEqual((await stage.ended(id)).output, { b: { l: [1], d: { n: 1 } } })
  },
  async 'data that is no JSON is refused and harms nobody'(stage) {
    const id = await stage.begin(probe({ w: { waitFor: { signal: 'go' } } }))
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    for (const data of [1n, circle, () => 1, { f: Symbol('s') }]) {
      await stage.refused(stage.engine.signal(id, 'go', data as never), 'InputError')
    }
    await stage.now(stage.engine.signal(id, 'go', 'good'))
    assert.deepEqual((await stage.ended(id)).output, { w: 'good' })
  },
  async 'an input or a signal over payloadBytesMax is refused'(stage) {
    const big = 'x'.repeat(4_194_305)
    const document = probe({ w: { waitFor: { signal: 'go' } } })
    const refuse = (answer: Promise<unknown>) => stage.refused(answer, 'ResourceExhaustionError')
    assert.match(
      (await refuse(stage.engine.startWorkflow('probe', document, { input: { big } }))).message,
      /payloadBytesMax|4,?194,?304/,
    )
    const id = await stage.begin(document)
    await refuse(stage.engine.signal(id, 'go', big))
    assert.equal(await stage.status(id), 'waiting')
  },
  async 'a `once` call whose lookup always says never is a crash loop too'(stage) {
    stage.script.run = () => held
    const id = await stage.begin(probe({ poison: call('charge') }))
    assert.equal(await crashUntilEnded(stage, id), 6)
    assert.equal((await stage.ended(id)).error?.code, 'CrashLoopError')
  },
  async 'the fallback of a crash loop starts with a clean record'(stage) {
    stage.script.run = () => held
    const id = await stage.begin(
      probe({ poison: call('write', { fallback: { agent: 'backup', action: 'write' } }) }),
      { executionId: 'x' },
    )
    for (let loss = 0; loss < 6; loss++) await stage.harness.restart()
    assert.deepEqual(
      [stage.script.call('poison').key, stage.script.call('poison').attempt],
      ['x/poison/1/f1', 1],
    )
    await stage.harness.restart()
    assert.equal(await stage.status(id), 'running')
    stage.script.call('poison').resolve('saved')
    const run = await stage.ended(id)
    assert.deepEqual(run.output, { poison: 'saved' })
    assert.equal(run.steps['poison']?.attempts, 2)
  },
  async 'an execution whose agents are missing waits, never fails for it, and goes on where they are'(
    stage,
  ) {
    stage.script.run = () => held
    const id = await stage.begin(probe({ a: call('write'), b: call('charge') }))
    await stage.harness.restart({ agents: () => [] })
    await stage.harness.advance(86_400_000)
    const shown = await stage.show(id)
    assert.deepEqual([shown.status, shown.error], ['waiting', null])
    stage.script.run = () => 'here'
    await stage.harness.restart()
    assert.deepEqual((await stage.ended(id)).output, { a: 'here', b: 'here' })
  },
  async 'the times of a step are those of its call, however long it takes'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'a' ? held : null)
    const nap = { needs: ['a'], sleep: '5s' } as const
    const id = await stage.begin(probe({ a: call('write'), nap }))
    await stage.harness.advance(60_000)
    stage.script.call('a').resolve(null)
    await stage.harness.advance(0)
    const { steps } = await stage.show(id)
    assert.equal((steps['a']?.endedAtMs ?? 0) - (steps['a']?.startedAtMs ?? 0), 60_000)
    await stage.harness.restart()
    await stage.harness.advance(4_999)
    assert.equal(await stage.status(id), 'waiting')
    assert.equal((await stage.ended(id, 1)).status, 'completed')
  },
  async 'resolve names an item, refuses what is not uncertain, and does not find what is not there'(
    stage,
  ) {
    stage.script.run = ({ index }) => {
      if (index === 1) throw passing()
      return index
    }
    const id = await stage.begin(
      probe({ a: call('pay', { forEach: '[0, 1, 2]' }), w: { waitFor: { signal: 's' } } }),
    )
    const fail = { kind: 'fail' } as const
    await stage.refused(stage.engine.resolve(id, 'w', fail), 'RefusedError')
    await stage.refused(stage.engine.resolve(id, 'a[0]', fail), 'RefusedError')
    await stage.refused(stage.engine.resolve(id, 'a[9]', fail), 'NotFoundError')
    await stage.refused(stage.engine.resolve(id, 'nothing', fail), 'NotFoundError')
    await stage.now(stage.engine.resolve(id, 'a[1]', { kind: 'succeed', output: 'one' }))
    await stage.now(stage.engine.signal(id, 's', null))
    assert.deepEqual((await stage.ended(id)).output, { a: [0, 'one', 2], w: null })
    await stage.refused(stage.engine.resolve(id, 'a[1]', fail), 'RefusedError')
  },
  async 'a fallback and the next poll are new calls: they know nothing of an earlier suspension'(
    stage,
  ) {
    stage.script.run = ({ agent, resumed, stepId, key }) => {
      if (agent === 'backup') return resumed
      if (resumed === null && !key.endsWith('/p2')) return suspend({ signal: stepId })
      if (stepId === 'a') throw final()
      return { done: key.endsWith('/p2'), resumed }
    }
    const id = await stage.begin(
      probe({
        a: call('write', { fallback: { agent: 'backup', action: 'read' } }),
        b: call('write', { repeat: { until: 'output.done' } }),
      }),
    )
    await stage.now(stage.engine.signal(id, 'a', 1))
    await stage.now(stage.engine.signal(id, 'b', 2))
    const run = await stage.ended(id, 1_000)
    assert.deepEqual(run.output, { a: null, b: { done: true, resumed: null } })
  },
}

/** Steps in the order in which their compensations were called. */
function undone(stage: EngineStage): readonly string[] {
  return stage.script.calls.filter(({ action }) => action === 'undo').map(({ stepId }) => stepId)
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
