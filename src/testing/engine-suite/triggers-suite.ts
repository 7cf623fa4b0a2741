import assert from 'node:assert/strict'
import type { CloudEvent } from '../../core/contracts/events.ts'
import type { JsonValue } from '../../core/json.ts'
import type { WorkflowData } from '../../workflow/index.ts'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { held } from '../scripted-agents.ts'

const anomaly = 'tda.anomaly.detected'

/** Starts for severe anomalies, with their source and severity. */
const watch: WorkflowData = {
  name: 'watch',
  version: '1.0.0',
  input: {
    type: 'object',
    required: ['series', 'severity'],
    properties: {
      series: { type: 'string' },
      severity: { type: 'number' },
      profile: { type: 'string', default: 'standard' },
    },
  },
  triggers: [
    {
      event: anomaly,
      when: 'event.data.severity >= 0.8',
      input: {
        series: '${ event.data.source }',
        severity: '${ event.data.severity }',
      },
    },
  ],
  steps: { a: call('write', { with: { got: '${ input }' } }) },
}

/** Its step publishes the event that `watch` listens for. */
const reporter: WorkflowData = {
  name: 'reporter',
  version: '1.0.0',
  steps: { report: call('write', { retry: { maxAttempts: 2 } }) },
}

/** Events that start executions. */
export const triggerChecks: EngineChecks = {
  async 'what a step publishes starts what listens for it once, and nothing of a failed attempt does'(
    stage,
  ) {
    await register(stage, watch)
    stage.script.run = ({ mesh, stepId, attempt, input }) => {
      if (stepId !== 'report') return input
      mesh.publish({ type: anomaly, data: { source: `attempt ${attempt}`, severity: 1 } })
      if (attempt === 1) throw new Error('not yet')
      return null
    }
    const run = await stage.finish(reporter, { forMs: 60_000 })
    assert.equal(run.status, 'completed')
    await stage.harness.restart()
    await stage.harness.advance(60_000)
    const got = stage.script.calls.filter(({ stepId }) => stepId === 'a').map(({ input }) => input)
    const expected = { series: 'attempt 2', severity: 1, profile: 'standard' }
    assert.deepEqual(got, [{ got: expected }])
  },
  async 'an event starts what its triggers say, with their input and the defaults'(stage) {
    await register(stage, watch)
    const [id, ...more] = await deliver(stage, event('1', { source: 'cpu', severity: 0.9 }))
    assert.deepEqual(more, [])
    assert.match(id ?? '', /^watch\.0\.[A-Za-z0-9_-]+$/)
    const run = await stage.ended(id ?? '')
    assert.deepEqual([run.workflow, run.status], ['watch', 'completed'])
    assert.deepEqual(run.output, {
      a: { got: { series: 'cpu', severity: 0.9, profile: 'standard' } },
    })
  },
  async '`when` decides, and other types start nothing'(stage) {
    await register(stage, watch)
    assert.deepEqual(await deliver(stage, event('1', { source: 'cpu', severity: 0.5 })), [])
    const severe = event('2', { source: 'cpu', severity: 1 })
    assert.deepEqual(await deliver(stage, { ...severe, type: 'other' }), [])
    assert.deepEqual(await deliver(stage, { ...severe, type: `${anomaly}.more` }), [])
    assert.equal(stage.script.calls.length, 0)
    assert.equal((await deliver(stage, severe)).length, 1)
  },
  async 'the same source and id start once, also after the end and after a crash'(stage) {
    await register(stage, watch)
    const severe = event('1', { source: 'cpu', severity: 1 })
    assert.equal((await deliver(stage, severe)).length, 1)
    assert.deepEqual(await deliver(stage, severe), [])
    await stage.harness.restart()
    assert.deepEqual(await deliver(stage, severe), [])
    assert.deepEqual(await deliver(stage, { ...severe, data: { source: 'mem', severity: 1 } }), [])
    assert.equal(stage.script.calls.length, 1)
  },
  async 'another id or another source is another event'(stage) {
    await register(stage, watch)
    const first = event('1', { source: 'cpu', severity: 1 })
    const ids = [
      ...(await deliver(stage, first)),
      ...(await deliver(stage, { ...first, id: '2' })),
      ...(await deliver(stage, { ...first, source: '/other' })),
    ]
    assert.equal(new Set(ids).size, 3)
  },
  async 'source and id are not mixed up'(stage) {
    await register(stage, watch)
    const data = { source: 'cpu', severity: 1 }
    const ids: string[] = []
    for (const [source, id] of [
      ['a', 'bc'],
      ['ab', 'c'],
      ['a:b', 'c'],
      ['a', 'b:c'],
      ['a/b', 'c'],
      ['a', 'b/c'],
    ] as const)
      ids.push(...(await deliver(stage, { ...event(id, data), source })))
    assert.equal(new Set(ids).size, 6)
  },
  async 'the same event twice in the same moment starts once'(stage) {
    await register(stage, watch)
    const severe = event('1', { source: 'cpu', severity: 1 })
    const answers = [stage.engine.deliver(severe), stage.engine.deliver(severe)]
    const ids = (await stage.now(Promise.all(answers))).flat()
    assert.equal(new Set(ids).size, 1)
    assert.equal(stage.script.calls.length, 1)
  },
  async 'every trigger of every workflow is asked, and each is known by its index'(stage) {
    const [trigger] = watch.triggers ?? []
    assert.ok(trigger)
    await register(stage, {
      ...watch,
      triggers: [{ event: 'other', input: { series: 's', severity: 1 } }, trigger, trigger],
    })
    await register(stage, probe({ a: call('read') }, { triggers: [{ event: anomaly }] }))
    const ids = await deliver(stage, event('1', { source: 'cpu', severity: 1 }))
    assert.deepEqual(ids.map((id) => id.split('.').slice(0, 2).join('.')).toSorted(), [
      'probe.0',
      'watch.1',
      'watch.2',
    ])
    for (const id of ids) assert.equal((await stage.ended(id)).status, 'completed')
  },
  async 'a trigger reads everything that an event has'(stage) {
    await register(
      stage,
      probe(
        { a: call('read', { with: { e: '${ input.e }' } }) },
        {
          triggers: [
            {
              event: anomaly,
              when:
                "event.source == '/tda' && event.subject == 'cpu' && event.type == '" +
                anomaly +
                "'",
              input: {
                e: ['${ event.id }', '${ event.time }', 'at ${ event.source }', '${ event.data }'],
              },
            },
          ],
        },
      ),
    )
    const time = '2024-05-01T10:00:00Z'
    const [id] = await deliver(stage, { ...event('7', [1, 2]), subject: 'cpu', time })
    assert.deepEqual((await stage.ended(id ?? '')).output, {
      a: { e: ['7', time, 'at /tda', [1, 2]] },
    })
  },
  async 'an input that the schema refuses starts nothing, and harms no other trigger'(stage) {
    await register(stage, watch)
    await register(stage, probe({ a: call('read') }, { triggers: [{ event: anomaly }] }))
    const ids = await deliver(stage, event('1', { source: 5, severity: 1 }))
    assert.equal(ids.length, 1)
    assert.match(ids[0] ?? '', /^probe\./)
  },
  async 'an error in `when` or `input` starts nothing, and harms no other trigger'(stage) {
    await register(stage, watch)
    await register(stage, probe({ a: call('read') }, { triggers: [{ event: anomaly }] }))
    const wrong = [{}, { severity: 1 }, null, { severity: 'high', source: 'cpu' }]
    for (const [n, data] of wrong.entries()) {
      const ids = await deliver(stage, event(`wrong-${n}`, data))
      assert.equal(ids.length, 1, JSON.stringify(data))
      assert.match(ids[0] ?? '', /^probe\./)
    }
  },
  async 'only the highest version of a name fires'(stage) {
    await register(stage, { ...watch, version: '1.9.0' })
    await register(stage, { ...watch, version: '1.10.0' })
    await register(stage, { ...watch, version: '1.2.0' })
    const [id, ...more] = await deliver(stage, event('1', { source: 'cpu', severity: 1 }))
    assert.deepEqual(more, [])
    assert.equal((await stage.ended(id ?? '')).version, '1.10.0')
    const { triggers: _, ...silent } = watch
    await register(stage, { ...silent, version: '2.0.0' })
    assert.deepEqual(await deliver(stage, event('2', { source: 'cpu', severity: 1 })), [])
  },
  async 'an event that was taken starts no second time under a newer version'(stage) {
    await register(stage, watch)
    const severe = event('1', { source: 'cpu', severity: 1 })
    assert.equal((await deliver(stage, severe)).length, 1)
    await register(stage, { ...watch, version: '1.1.0' })
    assert.deepEqual(await deliver(stage, severe), [])
    assert.equal(stage.script.calls.length, 1)
  },
  async 'registered and started workflows are known to the next process'(stage) {
    await register(stage, watch)
    await stage.finish(
      probe({ a: call('read') }, { name: 'started', triggers: [{ event: anomaly }] }),
    )
    await stage.harness.restart()
    const ids = await deliver(stage, event('1', { source: 'cpu', severity: 1 }))
    assert.deepEqual(ids.map((id) => id.split('.')[0] ?? '').toSorted(), ['started', 'watch'])
  },
  async 'what an event started is durable when it is told'(stage) {
    stage.script.run = () => held
    await register(stage, watch)
    const [id] = await deliver(stage, event('1', { source: 'cpu', severity: 1 }))
    stage.script.run = () => 'done'
    await stage.harness.restart()
    assert.deepEqual((await stage.ended(id ?? '')).output, { a: 'done' })
  },
  async 'registering the same document again changes nothing'(stage) {
    await register(stage, watch)
    await register(stage, watch)
    assert.equal((await deliver(stage, event('1', { source: 'cpu', severity: 1 }))).length, 1)
  },
  async 'a document that is not valid is not registered'(stage) {
    const [trigger] = watch.triggers ?? []
    assert.ok(trigger)
    for (const wrong of [
      { ...watch, steps: { a: call('read', { needs: ['none'] }) } },
      { ...watch, triggers: [{ event: anomaly, when: 'event.data.severity >=' }] },
      { ...watch, triggers: [{ event: anomaly, schedule: '* * * * *' }] },
    ]) {
      await stage.refused(stage.engine.registerWorkflow(wrong), 'DocumentError')
    }
    assert.deepEqual(await deliver(stage, event('1', { source: 'cpu', severity: 1 })), [])
  },
  async 'a trigger whose input cannot satisfy the schema is a problem of the document'(stage) {
    for (const input of [
      undefined,
      {},
      { series: '${ event.data.source }' },
      { series: 5, severity: 1 },
    ]) {
      const trigger = { event: anomaly, ...(input === undefined ? {} : { input }) }
      const document = { ...watch, triggers: [trigger] } as WorkflowData
      await stage.refused(stage.engine.registerWorkflow(document), 'DocumentError')
      await stage.refused(
        stage.engine.startWorkflow('watch', document, { input: { series: 's', severity: 1 } }),
        'DocumentError',
      )
    }
  },
  async 'a text with a template in it cannot satisfy a schema that wants a number'(stage) {
    const input = { series: 'a', severity: 'is ${ event.data.severity }' }
    const document = { ...watch, triggers: [{ event: anomaly, input }] }
    await stage.refused(stage.engine.registerWorkflow(document), 'DocumentError')
  },
}

function event(id: string, data: JsonValue): CloudEvent {
  return { id, source: '/tda', type: anomaly, time: null, subject: null, data }
}

function register(stage: EngineStage, document: WorkflowData): Promise<void> {
  return stage.now(stage.engine.registerWorkflow(document))
}

function deliver(stage: EngineStage, one: CloudEvent): Promise<readonly string[]> {
  return stage.now(stage.engine.deliver(one))
}
