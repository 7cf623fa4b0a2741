import assert from 'node:assert/strict'
import { suspend } from '../../agents/index.ts'
import { call, type EngineChecks, probe } from '../engine-stage.ts'
import { held, passing } from '../scripted-agents.ts'

/** Sleeps, signals, polls, suspensions, and durations given by expressions. */
export const waitingChecks: EngineChecks = {
  async 'sleep lets its time pass, is waiting meanwhile and gives null'(stage) {
    const id = await stage.begin(
      probe({
        a: { sleep: '5s' },
        b: call('read', { needs: ['a'], with: { out: '${ steps.a.output }' } }),
      }),
    )
    await stage.harness.advance(4_999)
    assert.equal(await stage.status(id), 'waiting')
    assert.equal((await stage.show(id)).steps['a']?.status, 'waiting')
    const run = await stage.ended(id, 1)
    assert.deepEqual(run.output, { b: { out: null } })
    stage.releasedAll()
  },
  async 'a sleep of days is not late'(stage) {
    const startMs = stage.harness.nowMs()
    const id = await stage.begin(probe({ a: { sleep: '3d' } }))
    const run = await stage.ended(id, 3 * 86_400_000)
    assert.equal(run.steps['a']?.endedAtMs, startMs + 3 * 86_400_000)
  },
  async 'a duration may be an expression giving such text or milliseconds'(stage) {
    const startMs = stage.harness.nowMs()
    const id = await stage.begin(
      probe({
        a: { sleep: '${ input.text }' },
        b: { sleep: '${ input.ms }' },
        c: { sleep: '${ input.n }s' },
      }),
      { input: { text: '2s', ms: 1_500, n: 3 } },
    )
    const run = await stage.ended(id, 3_000)
    assert.deepEqual(
      ['a', 'b', 'c'].map((step) => (run.steps[step]?.endedAtMs ?? 0) - startMs),
      [2_000, 1_500, 3_000],
    )
  },
  async 'durations of timeout, retry and the execution may be expressions'(stage) {
    stage.script.run = ({ attempt }) => (attempt === 1 ? held : 'second')
    const id = await stage.begin(
      probe(
        {
          a: call('read', {
            timeout: '${ input.t }',
            retry: { initialInterval: '${ input.i }', jitter: 0 },
          }),
        },
        { timeout: '${ input.all }' },
      ),
      { input: { t: 1_000, i: '500ms', all: '1m' } },
    )
    await stage.harness.advance(1_499)
    assert.equal(stage.script.calls.length, 1)
    const run = await stage.ended(id, 1)
    assert.deepEqual(run.output, { a: 'second' })
  },
  async 'a duration that is none fails the step without retry'(stage) {
    for (const value of ['soon', -1, true, '5', null]) {
      const run = await stage.finish(probe({ a: { sleep: '${ input.v }' } }), {
        input: { v: value },
      })
      assert.equal(run.error?.code, 'ExpressionError', JSON.stringify(value))
    }
  },
  async 'waitFor ends with the data of its signal'(stage) {
    const id = await stage.begin(probe({ a: { waitFor: { signal: 'go' } } }))
    assert.equal(await stage.status(id), 'waiting')
    await stage.now(stage.engine.signal(id, 'other', 0))
    assert.equal(await stage.status(id), 'waiting')
    await stage.now(stage.engine.signal(id, 'go', { by: 'me' }))
    const run = await stage.ended(id)
    assert.deepEqual(run.output, { a: { by: 'me' } })
    stage.releasedAll()
  },
  async 'a wait timeout fails the step, is not retried, and says so'(stage) {
    const id = await stage.begin(
      probe({ a: { waitFor: { signal: 'go', timeout: '1h' } } }, { retry: { maxAttempts: 5 } }),
    )
    await stage.harness.advance(3_599_999)
    assert.equal(await stage.status(id), 'waiting')
    const run = await stage.ended(id, 1)
    assert.equal(run.status, 'failed')
    assert.equal(run.error?.code, 'WorkflowTimeoutError')
  },
  async 'onTimeout: continue gives null'(stage) {
    const run = await stage.finish(
      probe({
        a: { waitFor: { signal: 'go', timeout: '1s', onTimeout: 'continue' } },
        b: call('read', { needs: ['a'], with: { o: '${ steps.a.output }' } }),
      }),
      { forMs: 1_000 },
    )
    assert.deepEqual(run.output, { b: { o: null } })
  },
  async 'a wait without a timeout waits for years'(stage) {
    const id = await stage.begin(probe({ a: { waitFor: { signal: 'go' } } }))
    await stage.harness.advance(3 * 365 * 86_400_000)
    assert.equal(await stage.status(id), 'waiting')
  },
  async 'early signals are kept in order and taken one by one'(stage) {
    const id = await stage.begin(
      probe(
        {
          a: { sleep: '1s' },
          b: { needs: ['a'], waitFor: { signal: 'go' } },
          c: { needs: ['b'], waitFor: { signal: 'go' } },
          d: { needs: ['c'], waitFor: { signal: 'go' } },
        },
        { output: { all: ['${ steps.b.output }', '${ steps.c.output }', '${ steps.d.output }'] } },
      ),
    )
    for (const data of [1, null]) await stage.now(stage.engine.signal(id, 'go', data))
    await stage.harness.advance(1_000)
    assert.equal((await stage.show(id)).steps['d']?.status, 'waiting')
    await stage.now(stage.engine.signal(id, 'go', 3))
    const run = await stage.ended(id)
    assert.deepEqual(run.output, { all: [1, null, 3] })
  },
  async 'at most 1,000 early signals are kept'(stage) {
    const id = await stage.begin(
      probe({ a: { sleep: '1s' }, b: { needs: ['a'], waitFor: { signal: 'go' } } }),
    )
    const signals = Array.from({ length: 1_000 }, (_, i) =>
      stage.engine.signal(id, i === 0 ? 'go' : 'other', i),
    )
    await stage.now(Promise.all(signals))
    const error = await stage.refused(
      stage.engine.signal(id, 'go', 1_000),
      'ResourceExhaustionError',
    )
    assert.match(error.message, /earlySignalsMax/)
    const run = await stage.ended(id, 1_000)
    assert.deepEqual(run.output, { b: 0 })
  },
  async 'one signal ends one wait'(stage) {
    const id = await stage.begin(
      probe({ a: { waitFor: { signal: 'go' } }, b: { waitFor: { signal: 'go' } } }),
    )
    await stage.now(stage.engine.signal(id, 'go', 1))
    assert.equal(await stage.status(id), 'waiting')
    await stage.now(stage.engine.signal(id, 'go', 2))
    const run = await stage.ended(id)
    assert.deepEqual(run.output, { a: 1, b: 2 })
  },
  async 'a signal to an execution that has ended is refused, and an unknown id is not found'(
    stage,
  ) {
    await stage.finish(probe({ a: call('read') }), { executionId: 'x' })
    await stage.refused(stage.engine.signal('x', 'go', 1), 'RefusedError')
    await stage.refused(stage.engine.signal('nobody', 'go', 1), 'NotFoundError')
  },
  async 'a wait per item takes a signal of its own'(stage) {
    const id = await stage.begin(
      probe({ a: { forEach: "['x', 'y']", waitFor: { signal: 'go-${ item }' } } }),
    )
    await stage.now(stage.engine.signal(id, 'go-y', 'Y'))
    await stage.now(stage.engine.signal(id, 'go-x', 'X'))
    const run = await stage.ended(id)
    assert.deepEqual(run.output, { a: ['X', 'Y'] })
  },
  async '`outputs` of a wait sees the data'(stage) {
    const id = await stage.begin(
      probe({ a: { waitFor: { signal: 'go' }, outputs: { who: '${ output.by }' } } }),
    )
    await stage.now(stage.engine.signal(id, 'go', { by: 'me', more: 1 }))
    assert.deepEqual((await stage.ended(id)).output, { a: { who: 'me' } })
  },
  async 'repeat polls under a new key each time until `until` is true'(stage) {
    const startMs = stage.harness.nowMs()
    const times: number[] = []
    stage.script.run = ({ key }) => {
      times.push(stage.harness.nowMs() - startMs)
      return { done: key.endsWith('/p3') }
    }
    const id = await stage.begin(
      probe({ a: call('read', { repeat: { until: 'output.done', delay: '2s' } }) }),
      { executionId: 'x' },
    )
    assert.equal(await stage.status(id), 'waiting')
    const run = await stage.ended(id, 4_000)
    assert.deepEqual(stage.script.keys, ['x/a/1', 'x/a/1/p2', 'x/a/1/p3'])
    assert.deepEqual(times, [0, 2_000, 4_000])
    assert.deepEqual(run.output, { a: { done: true } })
    assert.equal(run.steps['a']?.attempts, 3)
  },
  async 'each poll has attempts of its own'(stage) {
    stage.script.run = ({ key, attempt }) => {
      if (attempt < 2) throw passing()
      return { done: key.endsWith('/p2') }
    }
    const run = await stage.finish(
      probe({
        a: call('read', {
          repeat: { until: 'output.done' },
          retry: { maxAttempts: 2, initialInterval: '100ms', jitter: 0 },
        }),
      }),
      { executionId: 'x', forMs: 1_200 },
    )
    assert.equal(run.status, 'completed')
    assert.deepEqual(
      stage.script.calls.map(({ key, attempt }) => `${key}#${attempt}`),
      ['x/a/1#1', 'x/a/1#2', 'x/a/1/p2#1', 'x/a/1/p2#2'],
    )
  },
  async 'repeat that never comes true fails after maxTimes and is not retried'(stage) {
    stage.script.run = () => ({ done: false })
    const run = await stage.finish(
      probe({ a: call('read', { repeat: { until: 'output.done', maxTimes: 3, delay: '1s' } }) }),
      { forMs: 2_000 },
    )
    assert.equal(run.error?.code, 'RepeatLimitError')
    assert.equal(stage.script.calls.length, 3)
  },
  async '`until` sees the raw output, `outputs` the last one'(stage) {
    stage.script.run = ({ key }) => ({ done: key.endsWith('/p2'), raw: key })
    const run = await stage.finish(
      probe({
        a: call('read', { repeat: { until: 'output.done' }, outputs: { k: '${ output.raw }' } }),
      }),
      { executionId: 'x', forMs: 1_000 },
    )
    assert.deepEqual(run.output, { a: { k: 'x/a/1/p2' } })
  },
  async 'items that all take early signals let the dependents of their step run'(stage) {
    const id = await stage.begin(
      probe({
        nap: { sleep: '1s' },
        takes: { needs: ['nap'], forEach: '[0, 1, 2]', maxParallel: 1, waitFor: { signal: 'go' } },
        next: call('read', { needs: ['takes'], with: { v: '${ steps.takes.output }' } }),
      }),
    )
    for (const data of [1, 2, 3]) await stage.now(stage.engine.signal(id, 'go', data))
    assert.deepEqual((await stage.ended(id, 1_000)).output, { next: { v: [1, 2, 3] } })
  },
  async 'a suspended call waits for its signal and is called again with the data under the same key and attempt'(
    stage,
  ) {
    stage.script.run = ({ resumed }) =>
      resumed === null ? suspend({ signal: 'answer', resumeToken: { at: 3 } }) : { got: resumed }
    const id = await stage.begin(probe({ a: call('write') }), { executionId: 'x' })
    assert.equal(await stage.status(id), 'waiting')
    assert.equal((await stage.show(id)).steps['a']?.status, 'waiting')
    await stage.now(stage.engine.signal(id, 'answer', 42))
    const run = await stage.ended(id)
    assert.deepEqual(run.output, {
      a: { got: { signal: 'answer', data: 42, resumeToken: { at: 3 } } },
    })
    assert.deepEqual(
      stage.script.calls.map(({ key, attempt }) => [key, attempt]),
      [
        ['x/a/1', 1],
        ['x/a/1', 1],
      ],
    )
    assert.equal(run.steps['a']?.attempts, 1)
  },
  async 'an early signal resumes a call as soon as it suspends'(stage) {
    stage.script.run = () => held
    const id = await stage.begin(probe({ a: call('write') }))
    await stage.now(stage.engine.signal(id, 'answer', 'early'))
    const first = stage.script.call('a')
    stage.script.run = ({ resumed }) => resumed?.data
    first.resolve(suspend({ signal: 'answer' }))
    assert.deepEqual((await stage.ended(id)).output, { a: 'early' })
  },
  async 'data that does not fit the schema of a suspension is refused and the call goes on waiting'(
    stage,
  ) {
    stage.script.run = ({ resumed }) =>
      resumed === null
        ? suspend({ signal: 'answer', schema: { type: 'object', required: ['ok'] } })
        : resumed.data
    const id = await stage.begin(probe({ a: call('write') }))
    await stage.refused(stage.engine.signal(id, 'answer', { no: 1 }), 'InputError')
    assert.equal(await stage.status(id), 'waiting')
    await stage.now(stage.engine.signal(id, 'answer', { ok: 1 }))
    assert.deepEqual((await stage.ended(id)).output, { a: { ok: 1 } })
  },
  async 'a retry after a resumption has the data again'(stage) {
    stage.script.run = ({ resumed, attempt }) => {
      if (resumed === null) return suspend({ signal: 'answer' })
      if (attempt === 1) throw passing()
      return resumed.data
    }
    const id = await stage.begin(
      probe({ a: call('write', { retry: { initialInterval: '1s', jitter: 0 } }) }),
    )
    await stage.now(stage.engine.signal(id, 'answer', 'data'))
    assert.deepEqual((await stage.ended(id, 1_000)).output, { a: 'data' })
  },
}
