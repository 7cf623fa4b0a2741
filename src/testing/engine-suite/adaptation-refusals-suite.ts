import assert from 'node:assert/strict'
import { call, type EngineChecks, probe } from '../engine-stage.ts'
import { held } from '../scripted-agents.ts'
import { pattern } from './pattern-scenes.ts'

const because = 'an anomaly'
const steps = {
  first: call('read'),
  line: pattern('pipeline', { needs: ['first'] }),
  last: call('read', { needs: ['line'] }),
}
const narrow = { patterns: ['consensus'], maxParallel: 2, agents: ['backup'] } as const

/** What may not be adapted, and what is said of it. */
export const adaptationRefusalChecks: EngineChecks = {
  async 'what the document does not declare is refused, with the bound'(stage) {
    stage.script.run = () => held
    const id = await stage.begin(probe(steps, { adaptation: narrow }))
    const requests = [
      { pattern: 'fanOut', key: 'patterns', bound: ['consensus'] },
      { maxParallel: 3, key: 'maxParallel', bound: 2 },
      { step: 'last', agent: 'fragile', key: 'agents', bound: ['backup'] },
      { step: 'last', approval: true, key: 'approval', bound: false },
      { pause: true, key: 'pause', bound: false },
    ] as const
    for (const { key, bound, ...change } of requests) {
      const refusal = await stage.refused(
        stage.engine.adapt(id, { ...change, because }),
        'RefusedError',
      )
      assert.deepEqual([refusal.details?.['key'], refusal.details?.['bound']], [key, bound])
    }
    const other = await stage.begin(probe(steps))
    const answer = stage.engine.adapt(other, { pattern: 'consensus', because })
    const refusal = await stage.refused(answer, 'RefusedError')
    assert.match(refusal.message, /declares nothing/)
    assert.deepEqual((await stage.show(id)).adaptations, undefined)
  },
  async 'a step that has started, has no pattern, or is not there is refused by name'(stage) {
    stage.script.run = () => held
    const id = await stage.begin(probe(steps, { adaptation: { ...narrow, approval: true } }))
    const { engine } = stage
    const adapt = (change: object) => engine.adapt(id, { ...change, because })
    await stage.refused(adapt({ step: 'first', agent: 'backup' }), 'RefusedError')
    await stage.refused(adapt({ step: 'last', pattern: 'consensus' }), 'RefusedError')
    await stage.refused(adapt({ step: 'line', agent: 'backup' }), 'RefusedError')
    await stage.refused(adapt({ maxParallel: 2 }), 'RefusedError')
    const unknown = await stage.refused(adapt({ step: 'lats', approval: true }), 'NotFoundError')
    assert.match(unknown.hint ?? '', /last/)
    await stage.refused(adapt({ agent: 'backup' }), 'InputError')
    await stage.refused(adapt({}), 'InputError')
    await stage.refused(adapt({ colour: 'red' }), 'InputError')
    const misfit = { step: 'line', pattern: 'consensus', options: { quorum: 9 } }
    await stage.refused(adapt(misfit), 'RefusedError')
    await stage.refused(engine.revertAdaptation(id, 'none', because), 'NotFoundError')
    await stage.refused(engine.adapt('nobody', { pattern: 'consensus', because }), 'NotFoundError')
  },
  async 'a step whose approval was refused is over: it is adapted no more'(stage) {
    stage.script.run = () => held
    const left = { a: call('read', { continueOnFailure: true, needs: ['first'] }) }
    const work = probe(
      { first: { sleep: '1s' }, ...left, b: call('read') },
      {
        adaptation: { ...narrow, approval: true },
      },
    )
    const id = await stage.begin(work)
    const { engine } = stage
    await stage.now(engine.adapt(id, { step: 'a', approval: 'go', because }))
    await stage.now(engine.signal(id, 'go', { approved: false }))
    await stage.harness.advance(1_000)
    assert.equal((await stage.show(id)).steps['a']?.status, 'failed')
    await stage.refused(engine.adapt(id, { step: 'a', agent: 'backup', because }), 'RefusedError')
  },
  async 'an execution that has ended is adapted no more'(stage) {
    const id = await stage.begin(probe({ a: call('read') }, { adaptation: { pause: true } }))
    await stage.ended(id)
    await stage.refused(stage.engine.adapt(id, { pause: true, because }), 'RefusedError')
    await stage.refused(stage.engine.revertAdaptation(id, 'a', because), 'RefusedError')
  },
  async 'nothing is adapted while the flag is off, and what the flag said is recorded'(stage) {
    let isOn = false
    await stage.reopen({ flags: { isOn: () => isOn } })
    stage.script.run = () => held
    const id = await stage.begin(probe(steps, { adaptation: { pause: true } }))
    const told: unknown[] = []
    stage.engine.subscribe({
      onEvent({ event }) {
        if (event.kind === 'ExecutionAdapted') told.push(event.flags)
      },
    })
    const off = stage.engine.adapt(id, { pause: true, because })
    await stage.refused(off, 'FeatureDisabledError')
    isOn = true
    await stage.now(stage.engine.adapt(id, { pause: true, because }))
    assert.deepEqual(told, [{ 'workflow-adaptation': true }])
  },
}
