import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { CronSchedule } from '../../src/engine/triggers/cron-schedule.ts'
import { openTemporalEngine, type TemporalEngine } from '../../src/integrations/temporal/index.ts'
import { connect } from '../../src/integrations/temporal/connect.ts'
import { ScriptedAgents } from '../../src/testing/scripted-agents.ts'
import { readDocumentData, type WorkflowDocument } from '../../src/workflow/index.ts'
import { describeWithServices } from '../support/services.ts'

const patience = 60_000
const soon = { timeout: 30_000, interval: 200 }
const wait = { wait: { waitFor: { signal: 'go' } } }

function documentOf(
  name: string,
  triggers: readonly object[],
  more: object = {},
): WorkflowDocument {
  const data = { name, version: '1.0.0', triggers, steps: wait, ...more }
  const { document, problems } = readDocumentData(data, { file: name })
  expect(problems).toEqual([])
  return document as WorkflowDocument
}

await describeWithServices('schedules on Temporal', ['temporal'], ({ temporal }) => {
  let engine: TemporalEngine
  let client: Awaited<ReturnType<typeof connect>>['client']
  let hangUp: () => Promise<void>
  const taskQueue = `schedules-${process.pid}-${Date.now()}`

  beforeAll(async () => {
    engine = await openTemporalEngine({
      address: temporal,
      taskQueue,
      agents: new ScriptedAgents().unmeteredAgents(),
    })
    const connected = await connect({ address: temporal })
    client = connected.client
    hangUp = () => connected.connection.close()
  }, patience)

  afterAll(async () => {
    await engine.schedules.keep([])
    await engine.close()
    await hangUp()
  }, patience)

  const keep = (...documents: readonly WorkflowDocument[]) =>
    engine.schedules.keep(documents.map((document) => ({ document, workflows: [] })))
  const describeOf = (name: string) => client.schedule.getHandle(`${taskQueue}/${name}`).describe()
  const kept = async (): Promise<readonly string[]> => {
    const ids: string[] = []
    for await (const { scheduleId } of client.schedule.list())
      if (scheduleId.startsWith(taskQueue)) ids.push(scheduleId.slice(taskQueue.length + 1))
    return ids.toSorted()
  }

  test(
    'their times are those of the cron pattern in its time zone',
    async () => {
      const patterns = ['*/7 9-17 * * 1-5', '30 4 1,15 * 5', '0 12 * JAN,jul sun', '@hourly']
      const timezone = 'America/New_York'
      const triggers = patterns.map((schedule) => ({ schedule, timezone }))
      await keep(documentOf('times', triggers))
      for (const [index, pattern] of patterns.entries()) {
        const { info } = await describeOf(`times.${index}`)
        const cron = new CronSchedule(pattern, timezone)
        const times = info.nextActionTimes.map((at) => at.getTime())
        expect(times.length).toBeGreaterThan(3)
        let before = (times[0] as number) - 1
        for (const time of times) {
          expect(time).toBe(cron.nextAfter(before))
          before = time
        }
      }
    },
    patience,
  )

  test(
    'a time starts an execution under the id of that time, the next are left out while it is open',
    async () => {
      const triggers = [{ schedule: '* * * * * *', input: { by: 'schedule ${ 1 + 1 }' } }]
      const input = { type: 'object', properties: { by: { type: 'string' } } }
      await keep(documentOf('seconds', triggers, { input, output: '${ input.by }' }))
      const started = await vi.waitFor(async () => {
        const found = await engine.list({ workflow: 'seconds' })
        expect(found).toHaveLength(1)
        return found[0]!
      }, soon)
      expect(started.executionId).toMatch(/^seconds\.0\.\d{10}000$/)
      await vi.waitFor(
        async () =>
          expect((await describeOf('seconds.0')).info.numActionsSkippedOverlap).toBeGreaterThan(1),
        soon,
      )
      expect(await engine.list({ workflow: 'seconds' })).toHaveLength(1)
      await engine.signal(started.executionId, 'go', null)
      expect(await engine.continueWorkflow(started.executionId)).toMatchObject({
        status: 'completed',
        output: 'schedule 2',
      })
      await vi.waitFor(
        async () => expect(await engine.list({ workflow: 'seconds' })).toHaveLength(2),
        soon,
      )
      await keep()
      for (const { executionId, status } of await engine.list({ workflow: 'seconds' }))
        if (status !== 'completed') await engine.cancelWorkflow(executionId)
    },
    patience,
  )

  test(
    'an input that the document refuses starts nothing, and Temporal shows why',
    async () => {
      const input = { type: 'object', properties: { n: { type: 'integer', maximum: 1 } } }
      const triggers = [{ schedule: '* * * * * *', input: { n: '${ 1 + 1 }' } }]
      await keep(documentOf('refused', triggers, { input }))
      const end = await vi.waitFor(async () => {
        const { info } = await describeOf('refused.0')
        const { workflowId } = info.recentActions.at(-1)!.action.workflow
        return (await client.workflow.getHandle(workflowId).result()) as object
      }, soon)
      expect(end).toMatchObject({ outcome: 'refused', error: { code: 'InputError' } })
      expect(await engine.list({ workflow: 'refused' })).toEqual([])
    },
    patience,
  )

  test(
    'what is registered decides: changed, removed, highest version, paused ones stay paused',
    async () => {
      const at = (schedule: string): object => ({ schedule })
      await keep(
        documentOf('a', [at('0 1 * * *'), at('0 2 * * *')]),
        documentOf('b', [at('0 3 * * *')]),
      )
      await vi.waitFor(async () => expect(await kept()).toEqual(['a.0', 'a.1', 'b.0']), soon)
      await client.schedule.getHandle(`${taskQueue}/a.0`).pause('on holiday')
      const next = { ...documentOf('a', [at('0 4 * * *')]), version: '1.1.0' }
      await keep(documentOf('a', [at('0 1 * * *'), at('0 2 * * *')]), next)
      await vi.waitFor(async () => expect(await kept()).toEqual(['a.0']), soon)
      const { spec, state } = await describeOf('a.0')
      expect(spec.calendars?.[0]?.hour).toMatchObject([{ start: 4 }])
      expect(state).toMatchObject({ paused: true, note: 'on holiday' })
    },
    patience,
  )

  test(
    'one that Temporal cannot fire is left out, and the others are kept',
    async () => {
      const triggers = [{ schedule: '0 0 L * *' }, { schedule: '0 5 * * *' }]
      await keep(documentOf('partly', triggers))
      await vi.waitFor(async () => expect(await kept()).toEqual(['partly.1']), soon)
    },
    patience,
  )
})
