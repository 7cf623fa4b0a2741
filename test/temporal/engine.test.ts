import { randomBytes } from 'node:crypto'
import * as module from '@temporalio/worker'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { AgentCommunicationError } from '../../src/core/errors.ts'
import { limits } from '../../src/core/limits.ts'
import { workflowBundle } from '../../src/integrations/temporal/bundle.ts'
import { connect, converterOf } from '../../src/integrations/temporal/connect.ts'
import { openTemporalEngine, type TemporalEngine } from '../../src/integrations/temporal/index.ts'
import { suspend, type WorkflowData } from '../../src/index.ts'
import { deaf, held, ScriptedAgents } from '../../src/testing/scripted-agents.ts'
import { describeWithServices } from '../support/services.ts'

const patience = 30_000
const soon = { timeout: patience, interval: 100 }

function flow(name: string, steps: object, more: object = {}): WorkflowData {
  return { name, version: '1.0.0', steps, ...more } as unknown as WorkflowData
}

const read = (more: object = {}): object => ({ agent: 'worker', action: 'read', ...more })

await describeWithServices('the Temporal engine', ['temporal'], ({ temporal }) => {
  let engine: TemporalEngine
  const script = new ScriptedAgents()
  const taskQueue = `engine-test-${process.pid}-${Date.now()}`
  const payloadKeys = { current: 'test', keys: new Map([['test', randomBytes(32)]]) }

  beforeAll(async () => {
    engine = await openTemporalEngine({
      address: temporal,
      taskQueue,
      agents: script.unmeteredAgents(),
      payloadKeys,
    })
  }, patience)

  beforeEach(() => {
    script.calls.length = 0
    script.lookups.length = 0
    script.run = ({ input }) => input
  })

  afterAll(() => engine.close(), patience)

  const execute = (document: WorkflowData, input = {}) =>
    engine.executeWorkflow(document.name, document, { input })

  const reaches = (executionId: string, step: string, status: string) =>
    vi.waitFor(
      async () => expect((await engine.getExecution(executionId)).steps[step]?.status).toBe(status),
      soon,
    )

  test(
    'steps run in the order of their needs and hand their outputs on',
    async () => {
      const run = await execute(
        flow(
          'chain',
          {
            first: read({ with: { n: '${ input.n }' } }),
            second: read({ needs: ['first'], with: { n: '${ steps.first.output.n + 1 }' } }),
          },
          { output: '${ steps.second.output.n }' },
        ),
        { n: 1 },
      )
      expect(run).toMatchObject({ status: 'completed', output: 2, error: null })
      expect(script.calls.map(({ stepId }) => stepId)).toEqual(['first', 'second'])
    },
    patience,
  )

  test(
    'an attempt that fails is tried again under the same key, as the step says',
    async () => {
      script.run = ({ attempt, input }) => {
        if (attempt < 3) throw new Error('not yet')
        return input
      }
      const retry = { maxAttempts: 3, initialInterval: '10ms' }
      const run = await execute(flow('retries', { only: read({ retry }) }))
      expect(run.steps['only']).toMatchObject({ status: 'completed', attempts: 3 })
      expect(new Set(script.calls.map(({ key }) => key)).size).toBe(1)
    },
    patience,
  )

  test(
    'a step that fails for good fails the execution, with its fallback tried before',
    async () => {
      script.run = ({ agent }) => {
        throw new Error(`${agent} is down`)
      }
      const fallback = [{ agent: 'backup', action: 'read' }]
      const run = await execute(flow('fails', { only: read({ fallback }) }))
      expect(run).toMatchObject({ status: 'failed', error: { message: expect.any(String) } })
      expect(script.calls.map(({ agent }) => agent)).toContain('backup')
    },
    patience,
  )

  test(
    'what was done is undone in reverse order when a later step fails',
    async () => {
      script.run = ({ action, input }) => {
        if (action === 'pay') throw new AgentCommunicationError('no money', { retryable: false })
        return input
      }
      const undoing = (needs: readonly string[]): object => ({
        agent: 'worker',
        action: 'write',
        needs,
        compensate: { agent: 'worker', action: 'undo' },
      })
      const run = await execute(
        flow(
          'undoes',
          {
            one: undoing([]),
            two: undoing(['one']),
            three: { agent: 'worker', action: 'pay', needs: ['two'], retry: { maxAttempts: 1 } },
          },
          { onFailure: 'compensate' },
        ),
      )
      const undone = script.calls.filter(({ action }) => action === 'undo')
      expect(run.status).not.toBe('completed')
      expect(undone.map(({ stepId }) => stepId)).toEqual(['two', 'one'])
    },
    patience,
  )

  test(
    'a step with forEach runs for each item',
    async () => {
      const run = await execute(
        flow('items', { each: read({ forEach: '${ input.list }', with: { x: '${ item * 2 }' } }) }),
        { list: [1, 2, 3, 4, 5] },
      )
      expect(run.steps['each']?.output).toEqual([2, 4, 6, 8, 10].map((x) => ({ x })))
    },
    patience,
  )

  test(
    'a call that takes too long is stopped and fails the step',
    async () => {
      script.run = () => held
      const run = await execute(
        flow('slow', { only: read({ timeout: '300ms', retry: { maxAttempts: 1 } }) }),
      )
      expect(run.steps['only']).toMatchObject({
        status: 'failed',
        error: { code: 'WorkflowTimeoutError' },
      })
    },
    patience,
  )

  test(
    'a signal is waited for, and a sleep after it',
    async () => {
      const document = flow('waits', {
        ask: { waitFor: { signal: 'approval' } },
        rest: { sleep: '200ms', needs: ['ask'] },
      })
      const id = await engine.startWorkflow('waits', document)
      await reaches(id, 'ask', 'waiting')
      await engine.signal(id, 'approval', { by: 'Ada' })
      const run = await engine.continueWorkflow(id)
      expect(run.steps).toMatchObject({
        ask: { status: 'completed', output: { by: 'Ada' } },
        rest: { status: 'completed' },
      })
      await expect(engine.signal(id, 'approval', null)).rejects.toMatchObject({
        code: 'RefusedError',
      })
    },
    patience,
  )

  test(
    'a suspended call refuses data that do not fit, and goes on with data that do',
    async () => {
      script.run = ({ resumed }) =>
        resumed === null
          ? suspend({ signal: 'ok', schema: { type: 'boolean' }, resumeToken: null })
          : resumed.data
      const id = await engine.startWorkflow('suspends', flow('suspends', { only: read() }))
      const kinds = async () => (await engine.getLog(id)).map(({ event }) => event.kind)
      await vi.waitFor(async () => expect(await kinds()).toContain('CallSuspended'), soon)
      await expect(engine.signal(id, 'ok', 'yes')).rejects.toMatchObject({ code: 'InputError' })
      await engine.signal(id, 'ok', true)
      expect((await engine.continueWorkflow(id)).steps['only']?.output).toBe(true)
    },
    patience,
  )

  test(
    'a paused execution starts nothing until it is resumed',
    async () => {
      script.run = () => held
      const document = flow('pauses', { one: read(), two: read({ needs: ['one'] }) })
      const id = await engine.startWorkflow('pauses', document)
      await vi.waitFor(() => expect(script.calls).toHaveLength(1), patience)
      expect(await engine.pauseWorkflow(id)).toBe(true)
      expect(await engine.pauseWorkflow(id)).toBe(false)
      script.run = () => 'done'
      script.calls[0]?.resolve('done')
      await reaches(id, 'one', 'completed')
      expect((await engine.getExecution(id)).status).toBe('paused')
      expect(script.calls).toHaveLength(1)
      expect(await engine.resumeWorkflow(id)).toBe(true)
      expect((await engine.continueWorkflow(id)).status).toBe('completed')
    },
    patience,
  )

  test(
    'a cancelled execution tells its running call to stop',
    async () => {
      script.run = () => held
      const id = await engine.startWorkflow('cancels', flow('cancels', { only: read() }))
      await vi.waitFor(() => expect(script.calls).toHaveLength(1), patience)
      expect(await engine.cancelWorkflow(id)).toBe(true)
      expect((await engine.continueWorkflow(id)).status).toBe('cancelled')
      expect(script.calls[0]?.signal.aborted).toBe(true)
      expect(await engine.cancelWorkflow(id)).toBe(false)
    },
    patience,
  )

  test(
    'agents that a pattern calls vote',
    async () => {
      script.run = ({ agent }) => ({ vote: 'go', confidence: 0.9, reasoning: agent })
      const run = await execute(
        flow('votes', {
          vote: {
            pattern: 'consensus',
            agents: ['worker', 'backup', 'narrow'],
            action: 'read',
            options: { field: 'vote', choices: ['go', 'stay'] },
          },
        }),
      )
      expect(run).toMatchObject({ status: 'completed', error: null })
      expect(script.calls).toHaveLength(3)
    },
    patience,
  )

  test(
    'the same id attaches to the same start and refuses another one',
    async () => {
      const options = { executionId: `same-${Date.now()}` }
      const document = flow('same', { only: read() })
      const first = await engine.executeWorkflow('same', document, options)
      expect(await engine.executeWorkflow('same', document, options)).toEqual(first)
      await expect(
        engine.startWorkflow('same', document, { ...options, input: { other: 1 } }),
      ).rejects.toMatchObject({ code: 'UsageError' })
      expect(script.calls).toHaveLength(1)
    },
    patience,
  )

  test(
    'a cancelled call that waits for a place of its agent is not made',
    async () => {
      script.run = () => deaf
      const narrow = { agent: 'narrow', action: 'read' }
      const id = await engine.startWorkflow('queues', flow('queues', { a: narrow, b: narrow }))
      await vi.waitFor(() => expect(script.calls).toHaveLength(1), patience)
      await engine.cancelWorkflow(id)
      await vi.waitFor(() => expect(script.calls[0]?.signal.aborted).toBe(true), soon)
      // Each call hears of it with a heartbeat of its own.
      const waiting = script.calls[0]?.stepId === 'a' ? 'b' : 'a'
      await reaches(id, waiting, 'failed')
      script.calls[0]?.resolve('late')
      expect((await engine.continueWorkflow(id)).status).toBe('cancelled')
      expect(script.calls).toHaveLength(1)
    },
    patience,
  )

  test(
    'a cancel waits 30 s for a call that does not heed it, and then gives it up',
    async () => {
      script.run = () => deaf
      const id = await engine.startWorkflow('ignores', flow('ignores', { only: read() }))
      await vi.waitFor(() => expect(script.calls).toHaveLength(1), soon)
      await engine.cancelWorkflow(id)
      await vi.waitFor(() => expect(script.calls[0]?.signal.aborted).toBe(true), soon)
      expect((await engine.getExecution(id)).status).toBe('running')
      expect((await engine.continueWorkflow(id)).status).toBe('cancelled')
      const log = await engine.getLog(id)
      const askedMs = log.find(({ event }) => event.kind === 'CancelRequested')?.atMs ?? 0
      expect((log.at(-1)?.atMs ?? 0) - askedMs).toBeGreaterThanOrEqual(limits.cancelGraceMs)
      script.calls[0]?.resolve('late')
    },
    2 * limits.cancelGraceMs,
  )

  test(
    'an execution waits for an agent that no worker has, and can be cancelled meanwhile',
    async () => {
      const steps = { only: { agent: 'stranger', action: 'read' } }
      const id = await engine.startWorkflow('misses', flow('misses', steps))
      await vi.waitFor(
        async () => expect((await engine.getExecution(id)).status).toBe('waiting'),
        soon,
      )
      expect(await engine.cancelWorkflow(id)).toBe(true)
      expect((await engine.continueWorkflow(id)).status).toBe('cancelled')
    },
    patience,
  )

  test('an unknown execution is not found', async () => {
    await expect(engine.getExecution('nobody')).rejects.toMatchObject({ code: 'NotFoundError' })
    await expect(engine.cancelWorkflow('nobody')).rejects.toMatchObject({ code: 'NotFoundError' })
  })

  test(
    'every history of these tests replays to the decisions that are in it',
    async () => {
      const { client, connection } = await connect({ address: temporal, payloadKeys })
      onTestFinished(() => connection.close())
      const query = `TaskQueue = '${taskQueue}'`
      const replays = module.Worker.runReplayHistories(
        {
          workflowBundle: await workflowBundle(module),
          ...converterOf({ address: '', payloadKeys }),
        },
        client.workflow.list({ query }).intoHistories(),
      )
      let count = 0
      for await (const { workflowId, error } of replays) {
        expect({ workflowId, error }).toEqual({ workflowId, error: undefined })
        count++
      }
      expect(count).toBeGreaterThan(8)
    },
    patience,
  )
})
