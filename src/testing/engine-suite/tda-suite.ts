import assert from 'node:assert/strict'
import type { CloudEvent } from '../../core/contracts/events.ts'
import type { MeshPort } from '../../core/contracts/mesh.ts'
import type { PolicyQuestion, PolicySource, PolicyValues } from '../../core/contracts/policy.ts'
import { type TdaContext, type TdaContextSource, unavailableTda } from '../../core/contracts/tda.ts'
import { OrchestrationError } from '../../core/errors.ts'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { final } from '../scripted-agents.ts'

const undoing = { onFailure: 'compensate' } as const
const compensate = {
  agent: 'worker',
  action: 'undo',
  with: { severity: '${ tda.anomalySeverity }', available: '${ tda.available }' },
}
const undone = probe(
  { a: call('write', { compensate }), down: call('read', { needs: ['a'] }) },
  undoing,
)
const fanned = probe({ each: call('read', { forEach: '[1, 2, 3]' }) })

/** What the TDA feed says is known before an execution is planned and before it is undone; and what is told of that. */
export const tdaChecks: EngineChecks = {
  async 'the context is read before planning and anew before compensation'(stage) {
    const feed = saying({ anomalySeverity: 0.2, windowId: 'w1' })
    await stage.reopen({ tda: feed.source })
    stage.script.run = ({ stepId }) => {
      if (stepId !== 'down') return null
      feed.say({ anomalySeverity: 0.9, windowId: 'w2' })
      throw final()
    }
    const id = await stage.begin(undone)
    assert.equal((await stage.ended(id)).status, 'failed')
    assert.equal(stage.script.call('a').action, 'undo')
    assert.deepEqual(stage.script.call('a').input, { severity: 0.9, available: true })
  },
  async 'by the context a policy lowers maxParallel, and where the feed is quiet it does not'(
    stage,
  ) {
    for (const [anomalySeverity, atOnce] of [
      [0.9, 1],
      [0.1, 3],
    ] as const) {
      const { source } = saying({ anomalySeverity })
      await stage.reopen({ tda: source, policies: whenSevere({ maxParallel: 1 }) })
      stage.script.calls.length = 0
      let most = 0
      let open = 0
      stage.script.run = async () => {
        most = Math.max(most, ++open)
        await Promise.resolve()
        await Promise.resolve()
        open--
        return null
      }
      assert.equal((await stage.finish(fanned)).status, 'completed')
      assert.equal(most, atOnce)
    }
  },
  async 'by the context a policy leaves a step another of its declared agents'(stage) {
    const { source } = saying({ anomalySeverity: 0.9 })
    await stage.reopen({ tda: source, policies: whenSevere({ agents: ['backup'] }) })
    const step = call('read', { fallback: [{ agent: 'backup', action: 'read' }] })
    const run = await stage.finish(probe({ a: step }))
    assert.equal(run.status, 'completed')
    assert.deepEqual(
      stage.script.calls.map(({ agent }) => agent),
      ['backup'],
    )
  },
  async 'by the context a policy asks for approval before a step'(stage) {
    const { source } = saying({ anomalySeverity: 0.9 })
    const approval = { signal: 'go', timeoutMs: null }
    await stage.reopen({ tda: source, policies: whenSevere({ approval }) })
    const id = await stage.begin(probe({ a: call('read') }))
    assert.deepEqual([stage.script.calls.length, await stage.status(id)], [0, 'waiting'])
    await stage.now(stage.engine.signal(id, 'go', null))
    assert.equal((await stage.ended(id)).status, 'completed')
  },
  async 'what was undone is told as workflow.compensated'(stage) {
    const sent = await undoTold(stage, ({ stepId }) => {
      if (stepId === 'down') throw final()
      return null
    })
    assert.deepEqual(
      sent.map(({ type, correlationid }) => [type, correlationid]),
      [['workflow.compensated', 'corr-1']],
    )
    assert.deepEqual(sent[0]?.data, {
      executionId: 'x',
      workflow: 'probe',
      correlationId: 'corr-1',
      failedStep: 'down',
      errorCode: 'AgentError',
      compensated: ['a'],
      notCompensated: [],
    })
  },
  async 'a step that could not be undone is told as such'(stage) {
    const sent = await undoTold(stage, ({ stepId, action }) => {
      if (stepId === 'down' || action === 'undo') throw final()
      return null
    })
    const { compensated, notCompensated } = dataOf(sent[0])
    assert.deepEqual([compensated, notCompensated], [[], ['a']])
  },
  async 'an execution in which nothing was undone tells of no compensation'(stage) {
    const mesh = listening()
    await stage.reopen({ mesh: mesh.port })
    stage.script.run = () => {
      throw final()
    }
    assert.equal((await stage.finish(undone)).status, 'failed')
    assert.deepEqual(mesh.sent, [])
  },
  async 'a feed that is silent holds up neither planning nor compensation'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'down') throw final()
      return null
    }
    assert.equal((await stage.finish(undone)).status, 'failed')
    assert.deepEqual(stage.script.call('a').input, { severity: 0, available: false })
  },
}

/** Fails and undoes execution `x` while an anomaly of correlation `corr-1` is in force. */
async function undoTold(
  stage: EngineStage,
  run: EngineStage['script']['run'],
): Promise<readonly CloudEvent[]> {
  const mesh = listening()
  const { source } = saying({ anomalySeverity: 0.9, correlationId: 'corr-1' })
  await stage.reopen({ mesh: mesh.port, tda: source })
  stage.script.run = run
  assert.equal((await stage.finish(undone, { executionId: 'x' })).status, 'failed')
  await stage.harness.advance(0)
  return mesh.sent
}

function dataOf(event: CloudEvent | undefined): { readonly [name: string]: unknown } {
  return event?.data as { readonly [name: string]: unknown }
}

interface Feed {
  readonly source: TdaContextSource
  say(context: Partial<TdaContext>): void
}

/** A feed that says what it is told to say. */
function saying(first: Partial<TdaContext>): Feed {
  const listeners = new Set<(context: TdaContext) => void>()
  let context: TdaContext = { ...unavailableTda, available: true, ...first }
  return {
    source: {
      current: () => context,
      onChange(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
    say(next) {
      context = { ...unavailableTda, available: true, ...next }
      for (const listener of listeners) listener(context)
    },
  }
}

/** Decides so about every step while a severe anomaly is in force. */
function whenSevere(values: PolicyValues): PolicySource {
  const rules = Object.fromEntries(Object.keys(values).map((key) => [key, 'severe']))
  return {
    decide: ({ step, tda }: PolicyQuestion) =>
      step === null || tda.anomalySeverity < 0.8
        ? null
        : { policy: 'calm', version: '1.0.0', values, rules },
  }
}

/** A mesh that takes everything and hands nothing out. */
function listening(): { readonly port: MeshPort; readonly sent: CloudEvent[] } {
  const sent: CloudEvent[] = []
  const none = new OrchestrationError('RefusedError', 'nobody answers here')
  return {
    sent,
    port: {
      publish: async (event) => void sent.push(event),
      request: () => Promise.reject(none),
      subscribe: async () => ({ stop: () => Promise.resolve() }),
    },
  }
}
