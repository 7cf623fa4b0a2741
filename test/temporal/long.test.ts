import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import type { WorkflowData } from '../../src/index.ts'
import { connect } from '../../src/integrations/temporal/connect.ts'
import { openTemporalEngine, type TemporalEngine } from '../../src/integrations/temporal/index.ts'
import { call, probe } from '../../src/testing/engine-stage.ts'
import { deaf, ScriptedAgents } from '../../src/testing/scripted-agents.ts'
import { describeWithServices } from '../support/services.ts'

const patience = 60_000

await describeWithServices('a long execution on Temporal', ['temporal'], ({ temporal }) => {
  let engine: TemporalEngine
  const script = new ScriptedAgents()
  const taskQueue = `long-test-${process.pid}-${Date.now()}`

  beforeAll(async () => {
    const agents = script.unmeteredAgents()
    engine = await openTemporalEngine({
      address: temporal,
      taskQueue,
      agents,
      historyEventsMax: 60,
    })
  }, patience)

  afterAll(() => engine.close(), patience)

  /** How many runs of Temporal the execution was made of. */
  async function runsOf(executionId: string): Promise<number> {
    const { client, connection } = await connect({ address: temporal })
    onTestFinished(() => connection.close())
    let runs = 0
    for (let runId: string | undefined; runs === 0 || runId !== undefined; runs++) {
      const { events } = await client.workflow.getHandle(executionId, runId).fetchHistory()
      const started = events?.[0]?.workflowExecutionStartedEventAttributes
      runId = started?.continuedExecutionRunId || undefined
    }
    return runs
  }

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
      expect(await runsOf(executionId)).toBeGreaterThan(2)
    },
    patience,
  )

  test(
    'a call that was given up and does not heed it keeps no execution from going on in a new run',
    async () => {
      script.run = ({ agent, stepId, input }) => {
        if (stepId !== 'race') return input
        return agent === 'backup' ? 'here' : deaf
      }
      const racing = probe(
        {
          race: {
            pattern: 'fanOut',
            agents: ['worker', 'backup'],
            action: 'read',
            options: { strategy: 'first' },
          },
          each: call('read', {
            needs: ['race'],
            forEach: '${ input.items }',
            maxParallel: 4,
            with: { n: '${ item }' },
          }),
        },
        { input: { type: 'object' } },
      )
      const executionId = await engine.startWorkflow('probe', racing, { input: { items } })
      const { status } = await engine.continueWorkflow(executionId)
      expect(status).toBe('completed')
      expect(await runsOf(executionId)).toBeGreaterThan(1)
      for (const { resolve } of script.calls) resolve('late')
    },
    patience,
  )
})
