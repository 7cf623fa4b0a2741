import assert from 'node:assert/strict'
import { call, type EngineChecks, probe } from '../engine-stage.ts'
import { held, passing } from '../scripted-agents.ts'

const again = { initialInterval: '1s', jitter: 0 } as const

/** `ctx.state` of a call, and `state.<key>` in expressions. */
export const stateInStepsChecks: EngineChecks = {
  async 'a call reads its own writes; nobody else sees them before it has completed'(stage) {
    const seen: unknown[] = []
    const gate = Promise.withResolvers<void>()
    stage.script.run = async ({ state }) => {
      seen.push(await state.get('k'), await state.entry('k'))
      state.set('k', 'mine')
      seen.push(await state.get('k'), (await state.entry('k'))?.value)
      state.delete('old')
      seen.push(await state.get('old'), await state.entry('old'))
      await gate.promise
    }
    const id = await stage.begin(
      probe({
        wait: { waitFor: { signal: 'go' } },
        a: call('write', { needs: ['wait'] }),
      }),
    )
    const { engine } = stage
    await stage.now(engine.setState(id, 'old', 1))
    await stage.now(engine.signal(id, 'go', null))
    assert.deepEqual(seen, [null, null, 'mine', 'mine', null, null])
    assert.deepEqual(
      [await stage.now(engine.getState(id, 'k')), await stage.now(engine.getState(id, 'old'))],
      [null, 1],
    )
    gate.resolve()
    assert.equal((await stage.ended(id)).status, 'completed')
    assert.deepEqual(
      [await stage.now(engine.getState(id, 'k')), await stage.now(engine.getState(id, 'old'))],
      ['mine', null],
    )
  },
  async 'a call sees value and version of what others wrote'(stage) {
    const seen: unknown[] = []
    stage.script.run = async ({ state }) => {
      seen.push(await state.get('k'), await state.entry('k'))
    }
    const id = await stage.begin(
      probe({
        wait: { waitFor: { signal: 'go' } },
        a: call('read', { needs: ['wait'] }),
      }),
    )
    await stage.now(stage.engine.setState(id, 'k', 'first'))
    await stage.now(stage.engine.setState(id, 'k', { n: 2 }))
    await stage.now(stage.engine.signal(id, 'go', null))
    await stage.ended(id)
    assert.deepEqual(seen, [{ n: 2 }, { value: { n: 2 }, version: 2 }])
  },
  async 'what a completed call wrote is there for the next step, in its calls and expressions'(
    stage,
  ) {
    const seen: unknown[] = []
    stage.script.run = async ({ stepId, input, state }) => {
      if (stepId === 'a') {
        state.set('n', 2)
        state.set('list', ['x', 'y'])
        state.set('isOn', true)
        return null
      }
      seen.push([stepId, await state.get('n')])
      return input
    }
    const run = await stage.finish(
      probe(
        {
          a: call('write'),
          b: call('read', {
            needs: ['a'],
            when: 'state.isOn',
            with: { n: '${ state.n }', text: 'n=${ state.n }' },
          }),
          c: call('read', { needs: ['a'], when: '!state.isOn' }),
          d: call('read', {
            needs: ['a'],
            forEach: 'state.list',
            with: { item: '${ item }', n: '${ state.n + index }' },
          }),
        },
        { output: { b: '${ steps.b.output }', d: '${ steps.d.output }', n: '${ state.n }' } },
      ),
    )
    assert.deepEqual(run.output, {
      b: { n: 2, text: 'n=2' },
      d: [
        { item: 'x', n: 2 },
        { item: 'y', n: 3 },
      ],
      n: 2,
    })
    assert.equal(run.steps['c']?.status, 'skipped')
    assert.deepEqual(seen, [
      ['b', 2],
      ['d', 2],
      ['d', 2],
    ])
  },
  async '`state` holds what is there when an item starts and what a poll has just written'(stage) {
    stage.script.run = ({ input, state }) => {
      state.update('n', (n) => ((n as number | null) ?? 0) + 1)
      return input
    }
    const run = await stage.finish(
      probe(
        {
          each: call('write', {
            forEach: '[0, 1, 2]',
            maxParallel: 1,
            with: { before: '${ state.?n.orValue(0) }' },
          }),
          poll: call('write', {
            needs: ['each'],
            repeat: { until: 'state.n >= 5', delay: '1s' },
          }),
        },
        { output: { each: '${ steps.each.output }', n: '${ state.n }' } },
      ),
      { forMs: 5_000 },
    )
    assert.deepEqual(run.output, { each: [{ before: 0 }, { before: 1 }, { before: 2 }], n: 5 })
  },
  async '`state` in an expression is read once: another delivery gets the same input'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'b' ? held : null)
    const id = await stage.begin(
      probe({
        wait: { waitFor: { signal: 'go' } },
        b: call('write', { needs: ['wait'], with: { v: '${ state.v }' }, retry: again }),
      }),
    )
    await stage.now(stage.engine.setState(id, 'v', 'then'))
    await stage.now(stage.engine.signal(id, 'go', null))
    await stage.now(stage.engine.setState(id, 'v', 'now'))
    await stage.harness.restart()
    stage.script.call('b').reject(passing())
    await stage.harness.advance(1_000)
    stage.script.call('b').resolve(null)
    assert.equal((await stage.ended(id)).status, 'completed')
    assert.deepEqual(
      stage.script.calls.map(({ input }) => input),
      [{ v: 'then' }, { v: 'then' }, { v: 'then' }],
    )
  },
  async 'a state key that is not there is an ExpressionError, and has() asks for it'(stage) {
    const run = await stage.finish(
      probe({
        gone: call('read', { with: { v: '${ state.none }' }, continueOnFailure: true }),
        asks: call('read', { when: 'has(state.none)' }),
        other: call('read', { with: { v: "${ state.?none.orValue('none') }" } }),
      }),
    )
    assert.equal((run.steps['gone']?.error as { code?: string })?.code, 'ExpressionError')
    assert.equal(run.steps['gone']?.attempts, 0)
    assert.equal(run.steps['asks']?.status, 'skipped')
    assert.deepEqual(run.steps['other']?.output, { v: 'none' })
  },
  async 'an expired entry is not there for expressions and calls'(stage) {
    const seen: unknown[] = []
    stage.script.run = async ({ state }) => {
      seen.push(await state.get('k'), await state.entry('k'))
    }
    const id = await stage.begin(
      probe({
        nap: { sleep: '10s' },
        a: call('read', { needs: ['nap'], when: '!has(state.k)' }),
      }),
    )
    await stage.now(stage.engine.setState(id, 'k', 1, { ttlMs: 5_000 }))
    const run = await stage.ended(id, 10_000)
    assert.equal(run.steps['a']?.status, 'completed')
    assert.deepEqual(seen, [null, null])
  },
  async 'a key with the name of an object property harms no expression'(stage) {
    const id = await stage.begin(
      probe({
        wait: { waitFor: { signal: 'go' } },
        a: call('read', { needs: ['wait'], with: { v: '${ state.constructor + state.n }' } }),
      }),
    )
    await stage.now(stage.engine.setState(id, 'constructor', 1))
    await stage.now(stage.engine.setState(id, 'n', 2))
    await stage.now(stage.engine.signal(id, 'go', null))
    assert.deepEqual((await stage.ended(id)).output, { a: { v: 3 } })
  },
  async 'updates of calls that end in the same moment all count, with one attempt each'(stage) {
    for (const action of ['write', 'pay']) {
      stage.script.run = ({ state }) => {
        state.update('n', (n) => ((n as number | null) ?? 0) + 1)
        return held
      }
      const id = await stage.begin(
        probe({ a: call(action, { forEach: 'input.list', maxParallel: 40 }) }),
        { input: { list: Array.from({ length: 40 }, (_, i) => i) } },
      )
      const calls = stage.script.calls.slice(-40)
      for (const one of calls) one.resolve(null)
      const run = await stage.ended(id, 60_000)
      assert.equal(run.status, 'completed')
      assert.equal(run.steps['a']?.attempts, 40)
      assert.equal(await stage.now(stage.engine.getState(id, 'n')), 40)
    }
  },
  async 'an update is given what is there when the call completes, its own writes included'(stage) {
    const seen: unknown[] = []
    const gate = Promise.withResolvers<void>()
    stage.script.run = async ({ state }) => {
      state.set('own', 10)
      state.update('own', (n) => (n as number) + 1)
      state.update('n', (n) => ((n as number | null) ?? 0) + 1)
      seen.push(await state.get('own'))
      await gate.promise
    }
    const id = await stage.begin(probe({ a: call('write'), wait: { waitFor: { signal: 'go' } } }))
    await stage.now(stage.engine.setState(id, 'n', 100))
    gate.resolve()
    await stage.harness.advance(0)
    const { engine } = stage
    assert.deepEqual(seen, [11])
    assert.equal(await stage.now(engine.getState(id, 'own')), 11)
    assert.equal(await stage.now(engine.getState(id, 'n')), 101)
  },
  async 'a call writes with ttlMs and metadata, and deletes'(stage) {
    stage.script.run = ({ state }) => {
      state.set('k', 1, { ttlMs: 5_000, metadata: { by: 'a' } })
      state.delete('old')
      return null
    }
    const id = await stage.begin(
      probe({
        first: { waitFor: { signal: 'go' } },
        a: call('write', { needs: ['first'] }),
        last: { needs: ['a'], waitFor: { signal: 'end' } },
      }),
      { executionId: 'x' },
    )
    await stage.now(stage.engine.setState(id, 'old', 1))
    const timestampMs = stage.harness.nowMs()
    await stage.now(stage.engine.signal(id, 'go', null))
    assert.deepEqual(await stage.now(stage.engine.listState(id)), [
      {
        workflowId: 'x',
        key: 'k',
        value: 1,
        version: 1,
        timestampMs,
        ttlMs: 5_000,
        metadata: { by: 'a' },
      },
    ])
    await stage.harness.advance(5_000)
    assert.deepEqual(await stage.now(stage.engine.listState(id)), [])
  },
  async 'a write that cannot be kept fails the call, and nothing of it is written'(stage) {
    stage.script.run = ({ state }) => {
      state.set('fine', 1)
      state.set('', 1)
      return null
    }
    const id = await stage.begin(probe({ a: call('write', { retry: { maxAttempts: 1 } }) }))
    assert.equal((await stage.ended(id)).status, 'failed')
    assert.deepEqual(await stage.now(stage.engine.listState(id)), [])
  },
  async 'a step that has recorded its writes does not write them again after a crash'(stage) {
    stage.script.run = ({ state }) => {
      state.set('k', 1)
      return null
    }
    const id = await stage.begin(
      probe({ a: call('write'), wait: { needs: ['a'], waitFor: { signal: 'go' } } }),
    )
    const before = await stage.now(stage.engine.listState(id))
    await stage.harness.restart()
    assert.deepEqual(await stage.now(stage.engine.listState(id)), before)
    assert.equal(before[0]?.version, 1)
  },
}
