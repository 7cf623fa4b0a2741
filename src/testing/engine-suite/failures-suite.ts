import assert from 'node:assert/strict'
import { call, type EngineChecks, probe } from '../engine-stage.ts'
import { final, held, passing } from '../scripted-agents.ts'

const fixed = { initialInterval: '100ms', jitter: 0 }

/** Attempts, retries, fallbacks, tolerated failures and budgets. */
export const failureChecks: EngineChecks = {
  async 'an attempt that fails is tried again with exponential backoff, at most four times by default'(
    stage,
  ) {
    const times: number[] = []
    stage.script.run = () => {
      times.push(stage.harness.nowMs())
      throw passing('down')
    }
    const run = await stage.finish(probe({ a: call('read') }), { forMs: 10_000 })
    assert.equal(run.status, 'failed')
    assert.equal(run.steps['a']?.attempts, 4)
    assert.match(run.error?.message ?? '', /down/)
    assert.equal(run.error?.code, 'AgentError')
    // Jitter is a share of 0.2 of each interval.
    const gaps = times.slice(1).map((time, i) => time - (times[i] as number))
    for (const [i, wanted] of [200, 400, 800].entries()) {
      const gap = gaps[i] as number
      assert.ok(gap >= 0.8 * wanted && gap <= 1.2 * wanted, `gap ${i} is ${gap} ms`)
    }
  },
  async 'maxInterval caps the backoff'(stage) {
    const times: number[] = []
    stage.script.run = () => {
      times.push(stage.harness.nowMs())
      throw passing()
    }
    const retry = { ...fixed, maxAttempts: 5, backoff: 10, maxInterval: '1s' }
    await stage.finish(probe({ a: call('read', { retry }) }), { forMs: 10_000 })
    assert.deepEqual(
      times.slice(1).map((time, i) => time - (times[i] as number)),
      [100, 1_000, 1_000, 1_000],
    )
  },
  async "a step's retry merges over the document's"(stage) {
    stage.script.run = () => {
      throw passing()
    }
    const steps = {
      a: call('read', { retry: { initialInterval: '50ms' } }),
      b: call('read', { continueOnFailure: true, retry: { maxAttempts: 1 } }),
    }
    const run = await stage.finish(
      probe(steps, { retry: { maxAttempts: 3, jitter: 0, backoff: 1 } }),
      { forMs: 100 },
    )
    assert.equal(run.steps['a']?.attempts, 3)
    assert.equal(run.steps['b']?.attempts, 1)
  },
  async 'attempts are numbered from 1 under one key'(stage) {
    stage.script.run = ({ attempt }) => {
      if (attempt < 3) throw passing()
      return null
    }
    await stage.finish(probe({ a: call('write', { retry: fixed }) }), {
      executionId: 'x',
      forMs: 1_000,
    })
    assert.deepEqual(
      stage.script.calls.map(({ attempt, key }) => [attempt, key]),
      [
        [1, 'x/a/1'],
        [2, 'x/a/1'],
        [3, 'x/a/1'],
      ],
    )
  },
  async 'retryable: false is not tried again'(stage) {
    stage.script.run = () => {
      throw final('never')
    }
    const run = await stage.finish(probe({ a: call('read') }))
    assert.equal(run.status, 'failed')
    assert.equal(run.steps['a']?.attempts, 1)
  },
  async 'the timeout is per attempt, from the call, and a timed-out attempt is tried again'(stage) {
    stage.script.run = ({ attempt }) => (attempt === 1 ? held : 'second')
    const id = await stage.begin(probe({ a: call('read', { timeout: '2s', retry: fixed }) }))
    const first = stage.script.call('a')
    assert.equal(first.deadlineMs, stage.harness.nowMs() + 2_000)
    await stage.harness.advance(1_999)
    assert.equal(first.signal.aborted, false)
    await stage.harness.advance(1)
    assert.equal(first.signal.aborted, true)
    const run = await stage.ended(id, 100)
    assert.deepEqual(run.output, { a: 'second' })
    const { errorLog } = await stage.show(id)
    assert.deepEqual(
      errorLog.map(({ code, stepId, attempt }) => [code, stepId, attempt]),
      [['WorkflowTimeoutError', 'a', 1]],
    )
  },
  async 'an agent step without a timeout has five minutes'(stage) {
    stage.script.run = () => held
    await stage.begin(probe({ a: call('read') }))
    assert.equal(stage.script.call('a').deadlineMs, stage.harness.nowMs() + 300_000)
  },
  async 'the result that comes after its timeout changes nothing'(stage) {
    stage.script.run = ({ attempt }) => (attempt === 1 ? held : 'second')
    const id = await stage.begin(probe({ a: call('read', { timeout: '1s', retry: fixed }) }))
    const first = stage.script.call('a')
    await stage.harness.advance(1_050)
    first.resolve('first')
    const run = await stage.ended(id, 50)
    assert.deepEqual(run.output, { a: 'second' })
  },
  async 'with continueOnFailure the step is failed, its error is set and its dependents run'(
    stage,
  ) {
    stage.script.run = ({ stepId, input }) => {
      if (stepId === 'a') throw final('lost')
      return input
    }
    const run = await stage.finish(
      probe({
        a: call('read', { continueOnFailure: true }),
        b: call('read', {
          needs: ['a'],
          with: {
            code: '${ steps.a.error.code }',
            status: '${ steps.a.status }',
            output: '${ steps.a.output }',
          },
        }),
      }),
    )
    assert.equal(run.status, 'completed')
    assert.equal(run.steps['a']?.status, 'failed')
    assert.deepEqual(run.output, { b: { code: 'AgentError', status: 'failed', output: null } })
    assert.equal(run.error, null)
  },
  async 'continueOnFailure also tolerates an error before the call and failed items'(stage) {
    stage.script.run = ({ index }) => {
      if (index === 1) throw final()
      return null
    }
    const run = await stage.finish(
      probe({
        a: call('read', { continueOnFailure: true, when: 'input.gone' }),
        b: call('read', { continueOnFailure: true, forEach: '[0, 1, 2]' }),
        c: call('read', { needs: ['a', 'b'] }),
      }),
    )
    assert.equal(run.status, 'completed')
    assert.deepEqual(
      [run.steps['a']?.status, run.steps['b']?.status, run.steps['c']?.status],
      ['failed', 'failed', 'completed'],
    )
  },
  async 'after a step failed for good no step starts, running attempts finish, and then it has failed'(
    stage,
  ) {
    stage.script.run = () => held
    const id = await stage.begin(
      probe({ a: call('read'), b: call('read'), c: call('read', { needs: ['b'] }) }),
    )
    stage.script.call('a').reject(final('down'))
    await stage.harness.advance(0)
    assert.equal(await stage.status(id), 'running')
    assert.equal(stage.script.call('b').signal.aborted, false)
    stage.script.call('b').resolve('kept')
    const run = await stage.ended(id)
    assert.equal(run.status, 'failed')
    assert.equal(run.steps['b']?.status, 'completed')
    assert.equal(run.steps['b']?.output, 'kept')
    assert.equal(run.steps['c']?.status, 'pending')
    assert.equal(stage.script.count('c'), 0)
    assert.match(run.error?.message ?? '', /'a'.*down/)
  },
  async 'sleeps, waits and backoffs do not hold a failed execution up'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'again') throw passing()
      return held
    }
    const id = await stage.begin(
      probe({
        down: call('read'),
        again: call('read'),
        naps: { sleep: '1h' },
        waits: { waitFor: { signal: 'never' } },
      }),
    )
    stage.script.call('down').reject(final())
    const run = await stage.ended(id)
    assert.equal(run.status, 'failed')
    assert.deepEqual(
      ['again', 'naps', 'waits'].map((step) => run.steps[step]?.status),
      ['cancelled', 'cancelled', 'cancelled'],
    )
    stage.releasedAll()
  },
  async 'a fallback runs after the last attempt with the same input, under its own key, and the step is degraded'(
    stage,
  ) {
    stage.script.run = ({ agent, input }) => {
      if (agent === 'worker') throw passing('slow model')
      return { from: agent, input }
    }
    const run = await stage.finish(
      probe({
        a: call('write', {
          with: { v: 1 },
          retry: { ...fixed, maxAttempts: 2 },
          fallback: { agent: 'backup', action: 'read' },
        }),
      }),
      { executionId: 'x', forMs: 100 },
    )
    assert.equal(run.status, 'completed')
    assert.deepEqual(run.output, { a: { from: 'backup', input: { v: 1 } } })
    assert.deepEqual(
      stage.script.calls.map(({ key, attempt }) => [key, attempt]),
      [
        ['x/a/1', 1],
        ['x/a/1', 2],
        ['x/a/1/f1', 1],
      ],
    )
    const degraded = run.steps['a']?.degraded
    assert.deepEqual([degraded?.from, degraded?.to], ['worker.write', 'backup.read'])
    assert.match(degraded?.because ?? '', /slow model/)
    assert.deepEqual(run.degraded, [{ stepId: 'a', ...degraded }])
    assert.equal(run.steps['a']?.attempts, 3)
  },
  async 'a fallback has an input, a retry and a timeout of its own'(stage) {
    stage.script.run = ({ agent, attempt, input }) => {
      if (agent === 'worker') throw final()
      return attempt === 1 ? held : input
    }
    const fallback = {
      agent: 'backup',
      action: 'read',
      with: { w: '${ input.w }' },
      timeout: '1s',
      retry: { ...fixed, maxAttempts: 2 },
    }
    const run = await stage.finish(probe({ a: call('read', { fallback }) }), {
      input: { w: 2 },
      forMs: 1_100,
    })
    assert.deepEqual(run.output, { a: { w: 2 } })
  },
  async "fallbacks are tried in order and the last failure is the step's"(stage) {
    stage.script.run = ({ agent, action }) => {
      throw final(`${agent}.${action}`)
    }
    const fallback = [
      { agent: 'backup', action: 'read' },
      { agent: 'backup', action: 'write' },
    ]
    const run = await stage.finish(probe({ a: call('read', { fallback }) }), { executionId: 'x' })
    assert.equal(run.status, 'failed')
    assert.deepEqual(stage.script.keys, ['x/a/1', 'x/a/1/f1', 'x/a/1/f2'])
    assert.match(run.error?.message ?? '', /backup\.write/)
  },
  async 'budget.agentCalls counts every attempt of every call and refuses the next one without retry'(
    stage,
  ) {
    stage.script.run = ({ stepId, attempt }) => {
      if (stepId === 'a' && attempt < 3) throw passing()
      return null
    }
    const steps = { a: call('read', { retry: fixed }), b: call('read', { needs: ['a'] }) }
    const run = await stage.finish(probe(steps, { budget: { agentCalls: 3 } }), { forMs: 1_000 })
    assert.equal(run.status, 'failed')
    assert.equal(run.steps['a']?.status, 'completed')
    assert.equal(run.error?.code, 'BudgetExceededError')
    assert.equal(stage.script.calls.length, 3)
    assert.equal(run.steps['b']?.attempts, 0)
  },
  async 'calls at the same time do not overspend the budget'(stage) {
    const steps = { a: call('read', { forEach: '[1, 2, 3, 4, 5]' }) }
    const run = await stage.finish(probe(steps, { budget: { agentCalls: 4 } }))
    assert.equal(run.error?.code, 'BudgetExceededError')
    assert.equal(stage.script.calls.length, 4)
    assert.deepEqual(
      stage.script.calls.map(({ agentCallsLeft }) => agentCallsLeft),
      [3, 2, 1, 0],
    )
  },
  async 'a refused budget takes the fallback way, which it refuses too'(stage) {
    const steps = {
      a: call('read', {
        forEach: '[1, 2]',
        continueOnFailure: true,
        fallback: { agent: 'backup', action: 'read' },
      }),
    }
    const run = await stage.finish(probe(steps, { budget: { agentCalls: 1 } }))
    assert.equal(run.status, 'completed')
    assert.equal(run.steps['a']?.status, 'failed')
    assert.equal(
      (run.steps['a']?.error as { code?: string } | undefined)?.code,
      'BudgetExceededError',
    )
    assert.equal(stage.script.calls.length, 1)
  },
  async 'what a step reads of an error is plain JSON with all its keys'(stage) {
    stage.script.run = () => {
      throw final('why')
    }
    const run = await stage.finish(probe({ a: call('read') }))
    assert.deepEqual(run.steps['a']?.error, {
      code: 'AgentError',
      message: 'why',
      retryable: false,
      hint: null,
      details: null,
    })
    assert.deepEqual(Object.keys(run.error ?? {}).toSorted(), [
      'code',
      'details',
      'hint',
      'message',
      'retryable',
    ])
  },
}
