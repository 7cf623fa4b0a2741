import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { CloudEvent } from '../../src/core/contracts/events.ts'
import { type TdaContext, unavailableTda } from '../../src/core/contracts/tda.ts'
import { expectPolicy } from '../../src/semantic/index.ts'
import { openTemporalEngine, type TemporalEngine } from '../../src/integrations/temporal/index.ts'
import type { WorkflowData } from '../../src/index.ts'
import { final, ScriptedAgents } from '../../src/testing/scripted-agents.ts'
import { describeWithServices } from '../support/services.ts'

const patience = 30_000
const severe = (more: Partial<TdaContext>): TdaContext => ({
  ...unavailableTda,
  available: true,
  ...more,
})
const policy = expectPolicy({
  text: `
name: calm
version: 1.0.0
rules:
  - { id: one, when: "tda.anomalySeverity >= 0.8 && step.id == 'each'", then: { maxParallel: 1 } }
  - { id: who, when: "tda.anomalySeverity >= 0.8 && step.id == 'either'", then: { agents: [backup] } }
  - { id: ask, when: "tda.anomalySeverity >= 0.8 && step.id == 'gated'", then: { approval: { signal: go } } }
`,
})

function flow(steps: object, more: object = {}): WorkflowData {
  return { name: 'watched', version: '1.0.0', steps, ...more } as unknown as WorkflowData
}

await describeWithServices('the TDA context under Temporal', ['temporal'], ({ temporal }) => {
  let engine: TemporalEngine
  let context = unavailableTda
  let sent: CloudEvent[] = []
  const script = new ScriptedAgents()

  beforeAll(async () => {
    engine = await openTemporalEngine({
      address: temporal,
      taskQueue: `tda-test-${process.pid}-${Date.now()}`,
      agents: script.unmeteredAgents(),
      policy,
      tda: { current: () => context, onChange: () => () => {} },
      mesh: {
        publish: async (event) => void sent.push(event),
        request: () => Promise.reject(new Error('nobody answers here')),
        subscribe: () => Promise.reject(new Error('nothing comes from here')),
      },
    })
  }, patience)

  beforeEach(() => {
    script.calls.length = 0
    script.run = () => null
    sent = []
    context = severe({ anomalySeverity: 0.9, windowId: 'w1', correlationId: 'corr-1' })
  })

  afterAll(() => engine.close(), patience)

  const compensate = {
    agent: 'worker',
    action: 'undo',
    with: { severity: '${ tda.anomalySeverity }' },
  }
  const undone = flow(
    {
      a: { agent: 'worker', action: 'write', compensate },
      down: { agent: 'worker', action: 'read', needs: ['a'], retry: { maxAttempts: 1 } },
    },
    { onFailure: 'compensate' },
  )

  test(
    'it is read before planning and anew before compensation, and what was undone is told once',
    async () => {
      script.run = ({ stepId }) => {
        if (stepId !== 'down') return null
        context = severe({ anomalySeverity: 0.95, windowId: 'w2', correlationId: 'corr-2' })
        throw final()
      }
      const id = await engine.startWorkflow('watched', undone)
      expect((await engine.continueWorkflow(id)).status).toBe('failed')
      expect(script.calls.at(-1)).toMatchObject({ action: 'undo', input: { severity: 0.95 } })
      const observed = (await engine.getLog(id)).flatMap(({ event }) =>
        event.kind === 'TdaObserved' ? [event.context['windowId']] : [],
      )
      expect(observed).toEqual(['w1', 'w2'])
      expect(sent).toMatchObject([
        {
          type: 'workflow.compensated',
          correlationid: 'corr-2',
          data: {
            executionId: id,
            failedStep: 'down',
            errorCode: 'AgentError',
            compensated: ['a'],
          },
        },
      ])
    },
    patience,
  )

  test(
    'by it the policy lowers maxParallel, chooses the agent and asks for approval',
    async () => {
      let [open, most] = [0, 0]
      script.run = async ({ stepId }) => {
        if (stepId !== 'each') return null
        most = Math.max(most, ++open)
        await new Promise((resolve) => setTimeout(resolve, 20))
        open--
        return null
      }
      const read = { agent: 'worker', action: 'read' }
      const id = await engine.startWorkflow(
        'watched',
        flow({
          each: { ...read, forEach: '[1, 2, 3]' },
          either: { ...read, fallback: [{ agent: 'backup', action: 'read' }] },
          gated: { ...read, needs: ['each', 'either'] },
        }),
      )
      await engine.signal(id, 'go', null)
      const run = await engine.continueWorkflow(id)
      expect(run.status).toBe('completed')
      expect(most).toBe(1)
      expect(script.call('either').agent).toBe('backup')
      const decided = (await engine.getLog(id)).flatMap(({ event }) =>
        event.kind === 'PolicyDecided' ? [event.step] : [],
      )
      expect(new Set(decided)).toEqual(new Set(['each', 'either', 'gated']))
    },
    patience,
  )

  test(
    'agents are told what the feed of their worker says, and nothing with `tda: none`',
    async () => {
      const run = await engine.executeWorkflow(
        'watched',
        flow({
          told: { agent: 'worker', action: 'read' },
          untold: { agent: 'worker', action: 'read', tda: 'none' },
        }),
      )
      expect(run.status).toBe('completed')
      expect(script.call('told').tda.windowId).toBe('w1')
      expect(script.call('untold').tda.available).toBe(false)
    },
    patience,
  )

  test(
    'a feed that is silent holds nothing up',
    async () => {
      context = unavailableTda
      script.run = ({ stepId }) => {
        if (stepId === 'down') throw final()
        return null
      }
      expect((await engine.executeWorkflow('watched', undone)).status).toBe('failed')
      expect(script.calls.at(-1)?.input).toEqual({ severity: 0 })
      expect(sent).toHaveLength(1)
    },
    patience,
  )
})
