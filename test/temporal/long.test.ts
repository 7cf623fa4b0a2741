import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { WorkflowData } from '../../src/index.ts'
import { openTemporalEngine, type TemporalEngine } from '../../src/integrations/temporal/index.ts'
import { call, probe } from '../../src/testing/engine-stage.ts'
import { ScriptedAgents } from '../../src/testing/scripted-agents.ts'
import { describeWithServices } from '../support/services.ts'

const patience = 60_000

await describeWithServices('a long execution on Temporal', ['temporal'], ({ temporal }) => {
  let engine: TemporalEngine
  const script = new ScriptedAgents()
  const taskQueue = `long-test-${process.pid}-${Date.now()}`

  beforeAll(async () => {
    const agents = script.agents()
    engine = await openTemporalEngine({
      address: temporal,
      taskQueue,
      agents,
      historyEventsMax: 60,
    })
  }, patience)

  afterAll(() => engine.close(), patience)

  const items = Array.from({ length: 40 }, (_, n) => n)
  const document: WorkflowData = probe(
    {
      each: call('read', { forEach: '${ input.items }', maxParallel: 4, with: { n: '${ item }' } }),
      nap: { sleep: '100ms', needs: ['each'] },
      last: call('pay', { needs: ['nap'], with: { all: '${ steps.each.output }' } }),
      ask: { waitFor: { signal: 'go' }, needs: ['last'] },
    },
    { input: { type: 'object' } },
  )

  test(
    'goes on in new runs: its log, its calls and its signals are those of one execution',
    async () => {
      const executionId = await engine.startWorkflow('probe', document, { input: { items } })
      await vi.waitFor(
        async () => expect((await engine.getRun(executionId)).steps['ask']?.status).toBe('waiting'),
        { timeout: 25_000, interval: 200 },
      )
      await engine.signal(executionId, 'go', 'on')
      const run = await engine.continueWorkflow(executionId)
      expect(run).toMatchObject({ status: 'completed', output: { ask: 'on' } })
      expect(run.steps['each']?.output).toEqual(items.map((n) => ({ n })))
      expect(script.calls).toHaveLength(items.length + 1)
      const log = await engine.getLog(executionId)
      expect(log.map(({ seq }) => seq)).toEqual(log.map((_, place) => place + 1))
      expect(log[0]?.event.kind).toBe('ExecutionStarted')
      const listed = await engine.list({ workflow: 'probe' })
      expect(listed.filter((one) => one.executionId === executionId)).toHaveLength(1)
    },
    patience,
  )
})
