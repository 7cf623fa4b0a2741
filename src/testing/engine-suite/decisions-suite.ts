import assert from 'node:assert/strict'
import { call, type EngineChecks, probe } from '../engine-stage.ts'
import { final, held } from '../scripted-agents.ts'

/** When a step is decided, in which order, and what its items and the output are. */
export const decisionChecks: EngineChecks = {
  async 'steps run in the order of their needs, whatever the order of their keys'(stage) {
    const run = await stage.finish(
      probe({
        last: call('read', { needs: ['left', 'right'] }),
        right: call('read', { needs: ['first'] }),
        left: call('read', { needs: ['first'] }),
        first: call('read'),
      }),
    )
    assert.equal(run.status, 'completed')
    const order = stage.script.calls.map(({ stepId }) => stepId)
    assert.equal(order[0], 'first')
    assert.deepEqual(order.slice(1, 3).toSorted(), ['left', 'right'])
    assert.equal(order[3], 'last')
    assert.equal(order.length, 4)
  },
  async 'steps that need nothing of each other run at the same time'(stage) {
    stage.script.run = () => held
    const id = await stage.begin(probe({ a: call('read'), b: call('read'), c: call('read') }))
    assert.equal(stage.script.calls.length, 3)
    for (const one of stage.script.calls) one.resolve(one.stepId)
    const run = await stage.ended(id)
    assert.deepEqual(run.output, { a: 'a', b: 'b', c: 'c' })
  },
  async 'a step is decided only when all its needs have settled'(stage) {
    stage.script.run = () => held
    await stage.begin(
      probe({ a: call('read'), b: call('read'), c: call('read', { needs: ['a', 'b'] }) }),
    )
    stage.script.call('a').resolve(1)
    await stage.harness.advance(0)
    assert.equal(stage.script.count('c'), 0)
    stage.script.call('b').resolve(2)
    await stage.harness.advance(0)
    assert.equal(stage.script.count('c'), 1)
  },
  async 'a false `when` skips the step, and a step whose needs were all skipped is skipped without asking `when`'(
    stage,
  ) {
    const run = await stage.finish(
      probe({
        a: call('read', { when: 'input.go' }),
        b: call('read', { needs: ['a'], when: 'steps.a.output.missing' }),
      }),
      { input: { go: false } },
    )
    assert.equal(run.status, 'completed')
    assert.deepEqual([run.steps['a']?.status, run.steps['b']?.status], ['skipped', 'skipped'])
    assert.deepEqual(run.output, { b: null })
    assert.deepEqual(stage.script.calls, [])
  },
  async 'a step with one need that was not skipped is decided'(stage) {
    const run = await stage.finish(
      probe({
        off: call('read', { when: 'false' }),
        on: call('read'),
        both: call('read', {
          needs: ['off', 'on'],
          with: { status: '${ steps.off.status }', output: '${ steps.off.output }' },
        }),
      }),
    )
    assert.equal(run.steps['both']?.status, 'completed')
    assert.deepEqual(run.steps['both']?.output, { status: 'skipped', output: null })
  },
  async '`whenSkipped: run` decides a step although all its needs were skipped, and `when` is then asked'(
    stage,
  ) {
    const run = await stage.finish(
      probe({
        off: call('read', { when: 'false' }),
        runs: call('read', { needs: ['off'], whenSkipped: 'run' }),
        asked: call('read', {
          needs: ['off'],
          whenSkipped: 'run',
          when: "steps.off.status != 'skipped'",
        }),
      }),
    )
    assert.deepEqual(
      [run.steps['runs']?.status, run.steps['asked']?.status],
      ['completed', 'skipped'],
    )
  },
  async 'a step that was skipped by `when` does not evaluate forEach or with'(stage) {
    const run = await stage.finish(
      probe({
        a: call('read', {
          when: 'false',
          forEach: 'input.missing',
          with: { x: '${ input.missing }' },
        }),
      }),
    )
    assert.equal(run.status, 'completed')
    assert.equal(run.steps['a']?.status, 'skipped')
  },
  async '`when` that gives no bool fails the step without a call, a retry or a fallback'(stage) {
    const run = await stage.finish(
      probe({
        a: call('read', { when: 'input.n', fallback: { agent: 'backup', action: 'read' } }),
      }),
      { input: { n: 1 } },
    )
    assert.equal(run.status, 'failed')
    assert.equal(codeOf(run.steps['a']?.error), 'ExpressionError')
    assert.deepEqual(stage.script.calls, [])
  },
  async 'a missing key in `with` fails the step without a call, a retry or a fallback'(stage) {
    const run = await stage.finish(
      probe({
        a: call('read', {
          with: { x: '${ input.gone }' },
          fallback: { agent: 'backup', action: 'read' },
        }),
      }),
    )
    assert.equal(run.status, 'failed')
    assert.equal(run.error?.code, 'ExpressionError')
    assert.equal(run.steps['a']?.attempts, 0)
    assert.equal(run.steps['a']?.degraded, null)
    assert.deepEqual(stage.script.calls, [])
  },
  async '`with` is resolved once and is the same for every attempt'(stage) {
    stage.script.run = ({ attempt, input }) => {
      if (attempt < 3) throw new Error('again')
      return input
    }
    const id = await stage.begin(
      probe({
        a: call('read', {
          with: { n: '${ execution.startedAtMs }', s: 'n=${ input.n }' },
          retry: { jitter: 0 },
        }),
      }),
      { input: { n: 7 } },
    )
    const run = await stage.ended(id, 10_000)
    const inputs = stage.script.calls.map(({ input }) => JSON.stringify(input))
    assert.equal(inputs.length, 3)
    assert.equal(new Set(inputs).size, 1)
    assert.equal((run.output as { a: { s: string } }).a.s, 'n=7')
  },
  async 'a whole `${ }` keeps the type of its value, one inside a text does not'(stage) {
    const run = await stage.finish(
      probe({
        a: call('read', {
          with: {
            list: '${ input.list }',
            text: 'have ${ input.list } $${ x }',
            half: '${ input.n / 2 }',
          },
        }),
      }),
      { input: { list: [1, 'x'], n: 7 } },
    )
    assert.deepEqual((run.output as Record<string, unknown>)['a'], {
      list: [1, 'x'],
      text: 'have [1,"x"] ${ x }',
      half: 3.5,
    })
  },
  async 'forEach calls once per item and gives the outputs in item order, however they end'(stage) {
    stage.script.run = () => held
    const id = await stage.begin(
      probe({
        a: call('read', {
          forEach: 'input.list',
          with: { item: '${ item }', index: '${ index }' },
        }),
      }),
      { input: { list: ['x', 'y', 'z'] } },
    )
    assert.deepEqual(
      stage.script.calls.map(({ input, index }) => [input, index]),
      [
        [{ item: 'x', index: 0 }, 0],
        [{ item: 'y', index: 1 }, 1],
        [{ item: 'z', index: 2 }, 2],
      ],
    )
    for (const label of ['a[2]', 'a[0]', 'a[1]']) {
      stage.script.call(label).resolve(label)
      await stage.harness.advance(0)
    }
    const run = await stage.ended(id)
    assert.deepEqual(run.output, { a: ['a[0]', 'a[1]', 'a[2]'] })
    assert.equal(run.steps['a']?.attempts, 3)
  },
  async 'forEach over nothing completes with an empty list'(stage) {
    const run = await stage.finish(
      probe({
        a: call('read', { forEach: '[]' }),
        b: call('read', { needs: ['a'], with: { n: '${ size(steps.a.output) }' } }),
      }),
    )
    assert.equal(run.steps['a']?.status, 'completed')
    assert.deepEqual(run.steps['a']?.output, [])
    assert.deepEqual(run.output, { b: { n: 0 } })
  },
  async 'forEach that gives no list fails the step without a call'(stage) {
    const run = await stage.finish(probe({ a: call('read', { forEach: 'input.n' }) }), {
      input: { n: 3 },
    })
    assert.equal(codeOf(run.steps['a']?.error), 'ExpressionError')
    assert.deepEqual(stage.script.calls, [])
  },
  async 'forEach takes 10,000 items and refuses one more'(stage) {
    const list = Array.from({ length: 10_001 }, (_, i) => i)
    const document = probe({ a: call('read', { forEach: 'input.list', maxParallel: 10_000 }) })
    const most = await stage.finish(document, { input: { list: list.slice(1) } })
    assert.equal(most.status, 'completed')
    const more = await stage.finish(document, { input: { list } })
    assert.equal(more.status, 'failed')
    assert.equal(more.error?.code, 'ExpressionLimitError')
  },
  async 'maxParallel bounds the items under way and defaults to 16'(stage) {
    stage.script.run = () => held
    const items = probe({
      a: call('read', { forEach: 'input.list' }),
      b: call('read', { forEach: 'input.list', maxParallel: 3 }),
    })
    await stage.begin(items, { input: { list: Array.from({ length: 40 }, (_, i) => i) } })
    assert.equal(stage.script.count('a'), 16)
    assert.equal(stage.script.count('b'), 3)
    stage.script.call('b[1]').resolve(null)
    await stage.harness.advance(0)
    assert.equal(stage.script.count('b'), 4)
    assert.equal(stage.script.call('b[3]').index, 3)
  },
  async 'the first item that fails for good stops new items; running ones finish, then the step fails with its items'(
    stage,
  ) {
    stage.script.run = () => held
    const id = await stage.begin(
      probe({ a: call('read', { forEach: '[0, 1, 2, 3]', maxParallel: 2 }) }),
    )
    stage.script.call('a[0]').reject(final('broken'))
    await stage.harness.advance(0)
    assert.equal(await stage.status(id), 'running')
    assert.equal(stage.script.count('a'), 2)
    stage.script.call('a[1]').resolve('late')
    const run = await stage.ended(id)
    assert.equal(run.status, 'failed')
    assert.equal(stage.script.count('a'), 2)
    const { details, message } = (run.steps['a'] as { error: unknown }).error as {
      details: { items: unknown }
      message: string
    }
    assert.match(message, /item 0.*broken/)
    assert.deepEqual(
      (details.items as { index: number; error: { code: string } }[]).map(({ index, error }) => [
        index,
        error.code,
      ]),
      [[0, 'AgentError']],
    )
    const items = (await stage.show(id)).steps['a']?.items ?? []
    assert.deepEqual(
      items.map(({ status }) => status),
      ['failed', 'completed', 'pending', 'pending'],
    )
  },
  async 'timeout, retry and fallback of a step with forEach are per item'(stage) {
    stage.script.run = ({ agent, index, attempt, input }) => {
      if (index === 1 && agent === 'worker') throw final()
      if (index === 0 && attempt === 1) return held
      return [agent, input]
    }
    const run = await stage.finish(
      probe({
        a: call('read', {
          forEach: "['x', 'y', 'z']",
          with: { item: '${ item }' },
          timeout: '1s',
          retry: { maxAttempts: 2, initialInterval: '100ms', jitter: 0 },
          fallback: { agent: 'backup', action: 'read' },
        }),
      }),
      { forMs: 1_100 },
    )
    assert.deepEqual(run.output, {
      a: [
        ['worker', { item: 'x' }],
        ['backup', { item: 'y' }],
        ['worker', { item: 'z' }],
      ],
    })
    assert.equal(run.steps['a']?.attempts, 5)
  },
  async '`outputs` makes the step output of the raw one, per item'(stage) {
    stage.script.run = ({ index }) => ({ n: index ?? 40, other: true })
    const run = await stage.finish(
      probe({
        a: call('read', { outputs: { n: '${ output.n + 2 }' } }),
        b: call('read', { forEach: '[1, 2]', outputs: { n: '${ output.n }', item: '${ item }' } }),
      }),
    )
    assert.deepEqual(run.output, {
      a: { n: 42 },
      b: [
        { n: 0, item: 1 },
        { n: 1, item: 2 },
      ],
    })
  },
  async 'a missing key in `outputs` fails the step without retry and without fallback'(stage) {
    const run = await stage.finish(
      probe({
        a: call('read', {
          outputs: { x: '${ output.gone }' },
          fallback: { agent: 'backup', action: 'read' },
        }),
      }),
    )
    assert.equal(run.error?.code, 'ExpressionError')
    assert.equal(stage.script.calls.length, 1)
  },
  async 'without `output` the execution gives the outputs of the steps nobody needs, by id'(stage) {
    const run = await stage.finish(
      probe({
        a: call('read', { with: { v: 1 } }),
        b: call('read', { needs: ['a'], with: { v: 2 } }),
        c: call('read', { with: { v: 3 } }),
      }),
    )
    assert.deepEqual(run.output, { b: { v: 2 }, c: { v: 3 } })
  },
  async '`output` may name any step; an error in it fails the execution'(stage) {
    const steps = { a: call('read', { with: { v: 1 } }), b: call('read', { needs: ['a'] }) }
    const good = await stage.finish(probe(steps, { output: { v: '${ steps.a.output.v }', n: 1 } }))
    assert.deepEqual(good.output, { v: 1, n: 1 })
    const bad = await stage.finish(probe(steps, { output: '${ steps.a.output.gone }' }))
    assert.equal(bad.status, 'failed')
    assert.equal(bad.error?.code, 'ExpressionError')
    assert.deepEqual([bad.steps['a']?.status, bad.steps['b']?.status], ['completed', 'completed'])
  },
  async 'defaults of the input schema are applied and an input that does not fit is refused with its problems'(
    stage,
  ) {
    const document = probe(
      { a: call('read', { with: { n: '${ input.n }' } }) },
      {
        input: {
          type: 'object',
          required: ['must'],
          properties: { n: { type: 'integer', default: 5 }, must: { type: 'string' } },
        },
      },
    )
    const run = await stage.finish(document, { input: { must: 'x' } })
    assert.deepEqual(run.output, { a: { n: 5 } })
    const error = await stage.refused(
      stage.engine.startWorkflow('probe', document, { input: { n: 1 } }),
      'InputError',
    )
    assert.ok(((error.details?.['problems'] as unknown[] | undefined) ?? []).length > 0)
  },
  async 'a document that is not valid is refused with its problems'(stage) {
    const error = await stage.refused(
      stage.engine.executeWorkflow('probe', probe({ a: call('read', { needs: ['b'] }) })),
      'DocumentError',
    )
    assert.ok(((error.details?.['problems'] as unknown[] | undefined) ?? []).length > 0)
  },
  async 'expressions see the execution id and the time of its start'(stage) {
    const atMs = stage.harness.nowMs()
    const run = await stage.finish(
      probe({
        a: call('read', { with: { id: '${ execution.id }', at: '${ execution.startedAtMs }' } }),
      }),
      { executionId: 'e-1' },
    )
    assert.deepEqual(run.output, { a: { id: 'e-1', at: atMs } })
  },
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | null)?.code
}
