import assert from 'node:assert/strict'
import { suspend } from '../../agents/index.ts'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { final, held, passing } from '../scripted-agents.ts'

const pair = probe({ a: call('read'), b: call('read', { needs: ['a'] }) })

/** Pause, resume, resolve: what they answer and what they leave alone. */
export const steeringChecks: EngineChecks = {
  async 'pause, resume and cancel answer true when they changed the status, false when it was so or has ended'(
    stage,
  ) {
    stage.script.run = () => held
    const id = await stage.begin(pair)
    const { engine } = stage
    assert.equal(await stage.now(engine.resumeWorkflow(id)), false)
    assert.equal(await stage.now(engine.pauseWorkflow(id)), true)
    assert.equal(await stage.now(engine.pauseWorkflow(id)), false)
    assert.equal(await stage.status(id), 'paused')
    assert.equal(await stage.now(engine.resumeWorkflow(id)), true)
    assert.equal(await stage.now(engine.resumeWorkflow(id)), false)
    assert.equal(await stage.now(engine.cancelWorkflow(id)), true)
    assert.equal(await stage.now(engine.cancelWorkflow(id)), false)
    for (const verb of [
      engine.pauseWorkflow(id),
      engine.resumeWorkflow(id),
      engine.cancelWorkflow(id),
    ]) {
      assert.equal(await stage.now(verb), false)
    }
    assert.equal(await stage.status(id), 'cancelled')
  },
  async 'pause lets running attempts finish, records them, and starts nothing until resume'(stage) {
    stage.script.run = () => held
    const id = await stage.begin(pair)
    await stage.now(stage.engine.pauseWorkflow(id))
    const first = stage.script.call('a')
    assert.equal(first.signal.aborted, false)
    first.resolve('kept')
    await stage.harness.advance(60_000)
    const shown = await stage.show(id)
    assert.deepEqual(
      [shown.status, shown.steps['a']?.output, shown.steps['b']?.status],
      ['paused', 'kept', 'pending'],
    )
    assert.equal(stage.script.count('b'), 0)
    await stage.now(stage.engine.resumeWorkflow(id))
    stage.script.call('b').resolve('done')
    assert.deepEqual((await stage.ended(id)).output, { b: 'done' })
  },
  async 'pause withholds retries, polls, items and fallbacks; resume starts them all'(stage) {
    stage.script.run = () => held
    const id = await stage.begin(
      probe({
        again: call('read', { retry: { initialInterval: '1s', jitter: 0 } }),
        poll: call('read', { repeat: { until: 'output.done', delay: '1s' } }),
        each: call('read', { forEach: '[0, 1]', maxParallel: 1 }),
        fall: call('read', { fallback: { agent: 'backup', action: 'read' } }),
      }),
    )
    await stage.now(stage.engine.pauseWorkflow(id))
    stage.script.call('again').reject(passing())
    stage.script.call('poll').resolve({ done: false })
    stage.script.call('each[0]').resolve(0)
    stage.script.call('fall').reject(final())
    await stage.harness.advance(3_600_000)
    assert.equal(await stage.status(id), 'paused')
    assert.equal(stage.script.calls.length, 4)
    stage.script.run = () => ({ done: true })
    await stage.now(stage.engine.resumeWorkflow(id))
    const run = await stage.ended(id)
    assert.equal(run.status, 'completed')
    assert.equal(stage.script.calls.length, 8)
  },
  async 'pause keeps the times of sleeps and waits, and signals are taken meanwhile'(stage) {
    const startMs = stage.harness.nowMs()
    const id = await stage.begin(
      probe({
        nap: { sleep: '10s' },
        wait: { waitFor: { signal: 'go' } },
        late: { waitFor: { signal: 'late', timeout: '5s', onTimeout: 'continue' } },
        next: call('read', { needs: ['nap', 'wait', 'late'] }),
      }),
    )
    await stage.now(stage.engine.pauseWorkflow(id))
    await stage.now(stage.engine.signal(id, 'go', 'data'))
    await stage.harness.advance(20_000)
    const { steps, status } = await stage.show(id)
    assert.equal(status, 'paused')
    assert.deepEqual(
      ['nap', 'wait', 'late'].map((step) => [
        steps[step]?.status,
        (steps[step]?.endedAtMs ?? 0) - startMs,
      ]),
      [
        ['completed', 10_000],
        ['completed', 0],
        ['completed', 5_000],
      ],
    )
    assert.equal(stage.script.calls.length, 0)
    await stage.now(stage.engine.resumeWorkflow(id))
    assert.equal((await stage.ended(id)).status, 'completed')
  },
  async 'a call that waits for a place does not start while its execution is paused'(stage) {
    stage.script.run = () => held
    const narrow = probe({
      a: { agent: 'narrow', action: 'read' },
      b: { agent: 'narrow', action: 'read' },
    })
    const id = await stage.begin(narrow)
    assert.equal(stage.script.calls.length, 1)
    await stage.now(stage.engine.pauseWorkflow(id))
    stage.script.calls[0]?.resolve(null)
    await stage.harness.advance(0)
    assert.equal(stage.script.calls.length, 1)
    const other = await stage.begin(narrow)
    assert.equal(stage.script.calls.length, 2)
    await stage.now(stage.engine.resumeWorkflow(id))
    for (let i = 1; i < 4; i++) {
      stage.script.calls[i]?.resolve(null)
      await stage.harness.advance(0)
    }
    assert.deepEqual(
      [await stage.status(id), await stage.status(other)],
      ['completed', 'completed'],
    )
    stage.releasedAll()
  },
  async 'a suspended call that was signalled while paused goes on at resume'(stage) {
    stage.script.run = ({ resumed }) => (resumed === null ? suspend({ signal: 's' }) : resumed.data)
    const id = await stage.begin(probe({ a: call('write') }))
    await stage.now(stage.engine.pauseWorkflow(id))
    await stage.now(stage.engine.signal(id, 's', 1))
    assert.equal(stage.script.calls.length, 1)
    await stage.now(stage.engine.resumeWorkflow(id))
    assert.deepEqual((await stage.ended(id)).output, { a: 1 })
  },
  async 'a paused execution stays paused over a crash'(stage) {
    const id = await stage.begin(probe({ a: { sleep: '1s' }, b: call('read', { needs: ['a'] }) }))
    await stage.now(stage.engine.pauseWorkflow(id))
    await stage.harness.restart({ downMs: 5_000 })
    await stage.harness.advance(1_000)
    assert.equal(await stage.status(id), 'paused')
    assert.equal(stage.script.calls.length, 0)
    await stage.now(stage.engine.resumeWorkflow(id))
    assert.equal((await stage.ended(id)).status, 'completed')
  },
  async 'an unknown outcome of a `once` call makes its step uncertain and the execution wait'(
    stage,
  ) {
    const id = await uncertain(stage)
    const shown = await stage.show(id)
    assert.deepEqual(
      [shown.status, shown.steps['pay']?.status, shown.steps['next']?.status],
      ['waiting', 'uncertain', 'pending'],
    )
    await stage.harness.advance(86_400_000)
    assert.equal(stage.script.count('pay'), 1)
  },
  async 'resolve --succeed completes the uncertain step with the given output'(stage) {
    const id = await uncertain(stage)
    await stage.now(stage.engine.resolve(id, 'pay', { kind: 'succeed', output: { paid: 5 } }))
    const run = await stage.ended(id)
    assert.deepEqual(run.output, { next: { v: { paid: 5 } } })
    assert.equal(stage.script.count('pay'), 1)
  },
  async 'resolve --retry calls again under the same key and the same attempt'(stage) {
    const id = await uncertain(stage)
    stage.script.run = ({ input }) => input
    await stage.now(stage.engine.resolve(id, 'pay', { kind: 'retry' }))
    assert.equal((await stage.ended(id)).status, 'completed')
    const pays = stage.script.calls.filter(({ stepId }) => stepId === 'pay')
    assert.deepEqual(
      pays.map(({ key, attempt }) => [key, attempt]),
      [
        ['x/pay/1', 1],
        ['x/pay/1', 1],
      ],
    )
  },
  async 'resolve --fail fails the step for good'(stage) {
    const id = await uncertain(stage)
    await stage.now(stage.engine.resolve(id, 'pay', { kind: 'fail' }))
    const run = await stage.ended(id)
    assert.equal(run.status, 'failed')
    assert.equal(run.error?.code, 'ResolvedFailedError')
    assert.equal(run.steps['pay']?.status, 'failed')
  },
  async 'after resolve --fail a fallback runs, and never before it'(stage) {
    const id = await uncertain(stage, { fallback: { agent: 'backup', action: 'read' } })
    assert.equal(stage.script.count('pay'), 1)
    await stage.now(stage.engine.resolve(id, 'pay', { kind: 'fail' }))
    const run = await stage.ended(id)
    assert.equal(run.status, 'completed')
    assert.equal(stage.script.call('pay').key, 'x/pay/1/f1')
    assert.equal(stage.script.call('pay').attempt, 1)
  },
  async 'a `once` call that fails for certain needs no resolve'(stage) {
    stage.script.run = () => {
      throw final()
    }
    const run = await stage.finish(probe({ a: call('pay') }))
    assert.equal(run.status, 'failed')
    assert.equal(run.error?.code, 'AgentError')
  },
  async 'a timed-out `once` call with a lookup is asked for: a value is its output'(stage) {
    stage.script.run = () => held
    stage.script.lookup = () => ({ found: true })
    const id = await stage.begin(probe({ a: call('charge', { timeout: '1s' }) }), {
      executionId: 'x',
    })
    const run = await stage.ended(id, 1_000)
    assert.deepEqual(run.output, { a: { found: true } })
    assert.deepEqual(stage.script.lookups, ['x/a/1'])
    assert.equal(stage.script.calls.length, 1)
  },
  async 'a lookup that says never lets the call be made again under its key; one that throws leaves it uncertain'(
    stage,
  ) {
    stage.script.run = () => held
    const id = await stage.begin(probe({ a: call('charge', { timeout: '1s' }) }), {
      executionId: 'x',
    })
    await stage.harness.advance(1_300)
    assert.deepEqual(stage.script.keys, ['x/a/1', 'x/a/1'])
    stage.script.lookup = () => {
      throw new Error('unreachable')
    }
    await stage.harness.advance(1_000)
    assert.equal((await stage.show(id)).steps['a']?.status, 'uncertain')
    assert.equal(stage.script.calls.length, 2)
  },
  async 'resolve --retry while paused waits for resume'(stage) {
    const id = await uncertain(stage)
    await stage.now(stage.engine.pauseWorkflow(id))
    stage.script.run = ({ input }) => input
    await stage.now(stage.engine.resolve(id, 'pay', { kind: 'retry' }))
    assert.equal(stage.script.count('pay'), 1)
    await stage.now(stage.engine.resumeWorkflow(id))
    assert.equal((await stage.ended(id)).status, 'completed')
  },
}

/** An execution `x` whose step `pay` is uncertain. */
async function uncertain(
  stage: EngineStage,
  rest: Parameters<typeof call>[1] = {},
): Promise<string> {
  stage.script.run = ({ agent, stepId, input }) => {
    if (stepId === 'pay' && agent === 'worker') throw passing('connection lost')
    return input
  }
  return stage.begin(
    probe({
      pay: call('pay', rest),
      next: call('read', { needs: ['pay'], with: { v: '${ steps.pay.output }' } }),
    }),
    { executionId: 'x' },
  )
}
