import { expect, test } from 'vitest'
import { openTemporalEngine } from '../../src/integrations/temporal/index.ts'
import type { WorkflowData } from '../../src/index.ts'
import { ScriptedAgents } from '../../src/testing/scripted-agents.ts'
import { describeWithServices } from '../support/services.ts'

await describeWithServices('secrets on Temporal', ['temporal'], ({ temporal }) => {
  test('the worker puts a secret into the call, and what is recorded of its answer has it not', async () => {
    process.env['AURA_TEMPORAL_SECRET'] = 'hunter2 on a worker'
    const script = new ScriptedAgents()
    const seen: unknown[] = []
    script.run = ({ input }) => {
      seen.push(structuredClone(input))
      return { echoed: input }
    }
    const engine = await openTemporalEngine({
      address: temporal,
      taskQueue: `secrets-test-${process.pid}-${Date.now()}`,
      agents: script.unmeteredAgents(),
    })
    try {
      const step = {
        agent: 'worker',
        action: 'read',
        with: { auth: { $secret: 'AURA_TEMPORAL_SECRET' } },
      }
      const document: WorkflowData = { name: 'sealed', version: '1.0.0', steps: { call: step } }
      const run = await engine.executeWorkflow('sealed', document)
      expect(seen).toEqual([{ auth: 'hunter2 on a worker' }])
      expect(run.steps['call']?.output).toEqual({ echoed: { auth: '[secret]' } })
    } finally {
      delete process.env['AURA_TEMPORAL_SECRET']
      await engine.close()
    }
  }, 60_000)
})
