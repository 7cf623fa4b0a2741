import assert from 'node:assert/strict'
import type { LogEntry } from '../../engine/index.ts'
import type { WorkflowStep } from '../../workflow/index.ts'
import { call, type EngineChecks, probe } from '../engine-stage.ts'
import { final, held, passing } from '../scripted-agents.ts'

const one = probe({ a: call('read', { with: { v: '${ input.v }' } }) })

/** Ids, idempotency keys, attaching, flags, the flat form of steps, and what is shown and told. */
export const identityChecks: EngineChecks = {
  async 'idempotency keys have their exact forms'(stage) {
    stage.script.run = ({ agent, key, stepId }) => {
      if (stepId === 'fall' && agent === 'worker') throw final()
      if (stepId === 'down') throw final()
      return { done: key.endsWith('/p2') }
    }
    const undo = { compensate: { agent: 'worker', action: 'undo' } }
    await stage.finish(
      probe(
        {
          plain: call('write', undo),
          each: call('write', { ...undo, needs: ['plain'], forEach: '[7]' }),
          fall: call('write', {
            ...undo,
            needs: ['each'],
            forEach: '[7]',
            fallback: { agent: 'backup', action: 'write' },
          }),
          poll: call('write', {
            ...undo,
            needs: ['fall'],
            repeat: { until: 'output.done', delay: '1s' },
          }),
          down: call('read', { needs: ['poll'] }),
        },
        { onFailure: 'compensate' },
      ),
      { executionId: 'inc-1', forMs: 1_000 },
    )
    assert.deepEqual(stage.script.keys, [
      'inc-1/plain/1',
      'inc-1/each[0]/1',
      'inc-1/fall[0]/1',
      'inc-1/fall[0]/1/f1',
      'inc-1/poll/1',
      'inc-1/poll/1/p2',
      'inc-1/down/1',
      'inc-1/poll/1/p2/compensate',
      'inc-1/poll/1/compensate',
      'inc-1/fall[0]/1/f1/compensate',
      'inc-1/each[0]/1/compensate',
      'inc-1/plain/1/compensate',
    ])
  },
  async 'an id is made when none is given, another one each time'(stage) {
    const ids = [
      await stage.begin(one, { input: { v: 1 } }),
      await stage.begin(one, { input: { v: 1 } }),
    ]
    assert.notEqual(ids[0], ids[1])
    for (const id of ids) assert.match(id, /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/)
  },
  async 'an id has 1 to 200 of the allowed characters'(stage) {
    for (const id of ['a', '9', 'A.b_c-d', 'x'.repeat(200)]) {
      assert.equal((await stage.finish(one, { executionId: id, input: { v: 1 } })).executionId, id)
    }
    for (const id of ['', '.a', '-a', '_a', 'a/b', 'a b', 'ä', 'x'.repeat(201), 'a\n']) {
      await stage.refused(
        stage.engine.startWorkflow('probe', one, { executionId: id, input: { v: 1 } }),
        'InputError',
      )
    }
  },
  async 'the same id, document and input attaches to the running execution'(stage) {
    stage.script.run = () => held
    const options = { executionId: 'x', input: { v: 1 } }
    await stage.begin(one, options)
    const again = stage.engine.executeWorkflow('probe', one, options)
    await stage.harness.advance(0)
    assert.equal(stage.script.calls.length, 1)
    stage.script.call('a').resolve('once')
    const run = await stage.now(again)
    assert.deepEqual(run.output, { a: 'once' })
  },
  async 'the same id, document and input gives the recorded result of a finished execution'(stage) {
    const options = { executionId: 'x', input: { v: 1 } }
    const first = await stage.finish(one, options)
    const second = await stage.finish(one, options)
    assert.deepEqual(second, first)
    assert.equal(stage.script.calls.length, 1)
    const reordered = await stage.finish(
      { steps: one.steps, version: one.version, name: one.name },
      options,
    )
    assert.deepEqual(reordered, first)
  },
  async 'starting twice in the same moment starts once'(stage) {
    const options = { executionId: 'x', input: { v: 1 } }
    const both = [
      stage.engine.executeWorkflow('probe', one, options),
      stage.engine.executeWorkflow('probe', one, options),
    ]
    const [first, second] = await stage.now(Promise.all(both))
    assert.deepEqual(second, first)
    assert.equal(stage.script.calls.length, 1)
  },
  async 'another input or document under an id is refused, whether it runs or has ended'(stage) {
    stage.script.run = () => held
    await stage.begin(one, { executionId: 'x', input: { v: 1 } })
    const other = probe({ a: call('read') })
    for (let round = 0; round < 2; round++) {
      await stage.refused(
        stage.engine.startWorkflow('probe', one, { executionId: 'x', input: { v: 2 } }),
        'UsageError',
      )
      await stage.refused(
        stage.engine.executeWorkflow('probe', other, { executionId: 'x', input: { v: 1 } }),
        'UsageError',
      )
      stage.script.call('a').resolve(null)
      await stage.harness.advance(0)
    }
    assert.equal(await stage.status('x'), 'completed')
  },
  async 'an input that differs only by defaults of the schema is the same input'(stage) {
    const document = probe(
      { a: call('read') },
      { input: { type: 'object', properties: { n: { type: 'integer', default: 5 } } } },
    )
    const first = await stage.finish(document, { executionId: 'x' })
    assert.deepEqual(await stage.finish(document, { executionId: 'x', input: { n: 5 } }), first)
  },
  async 'a failed or cancelled run resolves too'(stage) {
    stage.script.run = () => {
      throw final('no')
    }
    const run = await stage.finish(one, { executionId: 'x', input: { v: 1 } })
    assert.equal(run.status, 'failed')
    const again = await stage.finish(one, { executionId: 'x', input: { v: 1 } })
    assert.deepEqual(again, run)
  },
  async 'steps in their flat form are one document'(stage) {
    stage.script.run = ({ stepId, attempt, input }) => {
      if (stepId === 'second' && attempt === 1) throw passing()
      return { input, extra: 1 }
    }
    const steps: WorkflowStep[] = [
      {
        stepId: 'first',
        agentType: 'worker',
        action: 'read',
        inputs: { v: '${ input.v }' },
        outputs: { v: '${ output.input.v }' },
        dependencies: [],
      },
      {
        stepId: 'second',
        agentType: 'worker',
        action: 'write',
        inputs: { v: '${ steps.first.output.v }' },
        outputs: {},
        dependencies: ['first'],
        timeoutMs: 1_000,
        retryCount: 1,
      },
    ]
    const startMs = stage.harness.nowMs()
    const run = await stage.finish(steps, { executionId: 'x', input: { v: 1 }, forMs: 1_000 })
    assert.equal(run.status, 'completed')
    assert.equal(run.workflow, 'probe')
    assert.deepEqual(run.output, { second: { input: { v: 1 }, extra: 1 } })
    assert.equal(run.steps['second']?.attempts, 2)
    assert.equal(stage.script.calls[0]?.deadlineMs, startMs + 300_000)
    assert.equal(stage.script.calls[1]?.deadlineMs, startMs + 1_000)
  },
  async 'the flat form has three retries by default'(stage) {
    stage.script.run = () => {
      throw passing()
    }
    const step = {
      stepId: 'a',
      agentType: 'worker',
      action: 'read',
      inputs: {},
      outputs: {},
      dependencies: [],
    }
    const run = await stage.finish([step], { forMs: 10_000 })
    assert.equal(run.steps['a']?.attempts, 4)
  },
  async 'with a provider a flag that is off refuses the start and records nothing'(stage) {
    const on = new Set(['a'])
    await stage.reopen({ flags: { isOn: (flag) => on.has(flag) } })
    const document = { ...one, featureFlags: ['a', 'b'] }
    const error = await stage.refused(
      stage.engine.startWorkflow('probe', document, { executionId: 'x', input: { v: 1 } }),
      'FeatureDisabledError',
    )
    assert.match(error.message, /'b'/)
    await stage.refused(stage.engine.getExecution('x'), 'NotFoundError')
    on.add('b')
    assert.equal(
      (await stage.finish(document, { executionId: 'x', input: { v: 1 } })).status,
      'completed',
    )
  },
  async 'without a provider every flag is on'(stage) {
    const run = await stage.finish({ ...one, featureFlags: ['any'] }, { input: { v: 1 } })
    assert.equal(run.status, 'completed')
  },
  async 'every verb refuses an id that nobody knows'(stage) {
    const { engine } = stage
    for (const verb of [
      engine.pauseWorkflow('nobody'),
      engine.resumeWorkflow('nobody'),
      engine.cancelWorkflow('nobody'),
      engine.signal('nobody', 's', null),
      engine.resolve('nobody', 'a', { kind: 'retry' }),
      engine.getExecution('nobody'),
      engine.continueWorkflow('nobody'),
    ]) {
      await stage.refused(verb, 'NotFoundError')
    }
  },
  async 'no key of a run or a shown execution is ever absent'(stage) {
    stage.script.run = () => held
    const id = await stage.begin(one, { input: { v: 1 } })
    const shown = await stage.show(id)
    assert.deepEqual(Object.keys(shown).toSorted(), [
      'checkpoints',
      'currentSteps',
      'degraded',
      'error',
      'errorLog',
      'executionId',
      'metrics',
      'output',
      'progress',
      'status',
      'steps',
      'version',
      'workflow',
    ])
    assert.deepEqual(Object.keys(shown.steps['a'] ?? {}).toSorted(), [
      'attempts',
      'degraded',
      'endedAtMs',
      'error',
      'items',
      'output',
      'startedAtMs',
      'status',
    ])
    assert.deepEqual(
      [shown.status, shown.currentSteps, shown.output, shown.error],
      ['running', ['a'], null, null],
    )
    stage.script.call('a').resolve(1)
    const run = await stage.ended(id)
    assert.deepEqual(Object.keys(run).toSorted(), [
      'degraded',
      'error',
      'executionId',
      'output',
      'status',
      'steps',
      'version',
      'workflow',
    ])
    assert.equal(JSON.stringify(run).includes('undefined'), false)
    assert.deepEqual(JSON.parse(JSON.stringify(run)), run)
  },
  async 'progress counts what is done and every completion is a checkpoint'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'c' ? held : null)
    const id = await stage.begin(
      probe({
        a: call('read', { checkpoint: 'begun' }),
        b: call('read', { needs: ['a'], when: 'false' }),
        c: call('read', { needs: ['a'] }),
        d: call('read', { needs: ['c'] }),
      }),
    )
    const { progress, checkpoints, metrics } = await stage.show(id)
    assert.deepEqual(
      [progress.completed, progress.total, progress.percent, progress.currentSteps],
      [2, 4, 50, ['c']],
    )
    assert.deepEqual(
      checkpoints.map(({ stepId, label }) => [stepId, label]),
      [['a', 'begun']],
    )
    assert.equal(metrics.attempts, 2)
    assert.ok(metrics.journalBytes > 0)
  },
  async 'a subscriber hears every event once, in order and after it is durable'(stage) {
    const heard: LogEntry[] = []
    const stop = stage.engine.subscribe({ onEvent: (entry) => heard.push(entry) })
    const ending = stage.engine.executeWorkflow('probe', one, { executionId: 'x', input: { v: 1 } })
    assert.equal(heard.length, 0)
    await stage.now(ending)
    assert.deepEqual(
      heard.map(({ seq }) => seq),
      heard.map((_, i) => i + 1),
    )
    assert.deepEqual(
      [heard[0]?.event.kind, heard.at(-1)?.event.kind],
      ['ExecutionStarted', 'ExecutionCompleted'],
    )
    assert.ok(heard.every(({ executionId }) => executionId === 'x'))
    stop()
    await stage.finish(one, { input: { v: 2 } })
    assert.ok(heard.every(({ executionId }) => executionId === 'x'))
  },
}
