import { expect, test, vi } from 'vitest'
import {
  openTemporalEngine,
  openTemporalWorker,
  type TemporalWorker,
} from '../../src/integrations/temporal/index.ts'
import { call, probe } from '../../src/testing/engine-stage.ts'
import { deaf, held, ScriptedAgents } from '../../src/testing/scripted-agents.ts'
import { describeWithServices } from '../support/services.ts'

const patience = 180_000
const soon = { timeout: 45_000, interval: 200 }

await describeWithServices('agents and workers that go', ['temporal'], ({ temporal: address }) => {
  const site = (): { readonly address: string; readonly taskQueue: string } => ({
    address,
    taskQueue: `going-${process.pid}-${Date.now()}`,
  })

  test(
    'calls whose agent the next worker lacks are not failed: they are made where it is again, under their keys',
    async () => {
      const place = site()
      const script = new ScriptedAgents()
      const opened = (isComplete: boolean): Promise<TemporalWorker> =>
        openTemporalWorker({ ...place, agents: isComplete ? script.unmeteredAgents() : [] })
      const engine = await openTemporalEngine(place)
      script.run = () => held
      const first = await opened(true)
      const id = await engine.startWorkflow('probe', probe({ a: call('write'), b: call('charge') }))
      await vi.waitFor(() => expect(script.calls).toHaveLength(2), soon)
      await first.close()

      const second = await opened(false)
      await vi.waitFor(async () => {
        const { status, error, errorLog } = await engine.getExecution(id)
        expect([status, error]).toEqual(['waiting', null])
        const missing = errorLog.filter(({ code }) => code === 'AgentUnavailableError')
        expect(new Set(missing.map(({ stepId }) => stepId))).toEqual(new Set(['a', 'b']))
      }, soon)
      await second.close()

      script.run = () => 'here'
      const third = await opened(true)
      const run = await engine.continueWorkflow(id)
      expect([run.status, run.output]).toEqual(['completed', { a: 'here', b: 'here' }])
      expect(new Set(script.keys)).toEqual(new Set([`${id}/a/1`, `${id}/b/1`]))
      await third.close()
      await engine.close()
    },
    patience,
  )

  test(
    'a worker closes although a call does not heed that its execution was cancelled',
    async () => {
      const place = site()
      const script = new ScriptedAgents()
      script.run = () => deaf
      const engine = await openTemporalEngine({ ...place, agents: script.unmeteredAgents() })
      const id = await engine.startWorkflow('probe', probe({ only: call('read') }))
      await vi.waitFor(() => expect(script.calls).toHaveLength(1), soon)
      await engine.cancelWorkflow(id)
      await vi.waitFor(() => expect(script.calls[0]?.signal.aborted).toBe(true), soon)
      await engine.close()
    },
    patience,
  )
})
