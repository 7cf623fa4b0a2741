import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { temporalProbe } from '../../src/cli/doctor/temporal.ts'
import { systemClock } from '../../src/core/clock.ts'
import { defineAgent } from '../../src/index.ts'
import { openTemporalEngine, openTemporalWorker } from '../../src/integrations/temporal/index.ts'
import { describeWithServices } from '../support/services.ts'
import { callsIn, cleanUp, newFolder, startWorker } from './processes.ts'
import { refusingServer } from './refusing-server.ts'

const patience = 90_000
const soon = { timeout: 60_000, interval: 200 }
const agent = defineAgent({
  type: 'worker',
  actions: { write: { effect: 'idempotent', run: async () => 'done' } },
})
const document = {
  name: 'faults',
  version: '1.0.0',
  steps: { only: { agent: 'worker', action: 'write' } },
}
const unauthenticated = 16

afterEach(cleanUp)

test(
  'refused credentials are one error for engine and doctor',
  async () => {
    const server = await refusingServer(unauthenticated)
    onTestFinished(() => server.close())
    const { address } = server
    const refusal = {
      code: 'UsageError',
      message: expect.stringContaining('refuses the credentials'),
    }
    await expect(
      openTemporalEngine({ address, apiKey: 'wrong', tls: false }),
    ).rejects.toMatchObject(refusal)
    await expect(temporalProbe.probe(address, systemClock, {})).rejects.toMatchObject(refusal)
  },
  patience,
)

await describeWithServices('what can be wrong around Temporal', ['temporal'], ({ temporal }) => {
  const place = () => ({ address: temporal, taskQueue: `faults-${randomUUID()}` })

  test(
    'a namespace that is not there is one error for engine, worker and doctor',
    async () => {
      const namespace = 'nowhere'
      const refusal = {
        code: 'UsageError',
        message: expect.stringContaining("namespace 'nowhere'"),
      }
      const engine = openTemporalEngine({ ...place(), namespace })
      await expect(engine).rejects.toMatchObject(refusal)
      const worker = openTemporalWorker({ ...place(), namespace, agents: [agent] })
      await expect(worker).rejects.toMatchObject(refusal)
      const asked = temporalProbe.probe(temporal, systemClock, { TEMPORAL_NAMESPACE: namespace })
      await expect(asked).rejects.toMatchObject(refusal)
    },
    patience,
  )

  test(
    'a connection that is to be encrypted, to a Temporal that is not, is one error with its address',
    async () => {
      await expect(openTemporalEngine({ ...place(), tls: true })).rejects.toMatchObject({
        code: 'StorageError',
        message: expect.stringContaining(`does not answer at ${temporal}`),
      })
    },
    patience,
  )

  test('a task queue without workers is told by the engine', async () => {
    const engine = await openTemporalEngine(place())
    onTestFinished(() => engine.close())
    await expect(engine.requireWorkers('nobody')).rejects.toMatchObject({
      code: 'AgentCommunicationError',
      hint: expect.stringContaining('aura worker --task-queue'),
    })
  })

  test(
    'two starts of one id at the same time are one execution',
    async () => {
      const engine = await openTemporalEngine({ ...place(), agents: [agent] })
      onTestFinished(() => engine.close())
      const executionId = `twice-${randomUUID()}`
      const runs = await Promise.all(
        [1, 2, 3].map(() => engine.executeWorkflow('faults', document, { executionId })),
      )
      expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['completed']))
      const started = (await engine.getLog(executionId)).filter(
        ({ event }) => event.kind === 'AttemptStarted',
      )
      expect(started).toHaveLength(1)
    },
    patience,
  )

  test(
    'a workflow of its type that somebody else has started with foreign data fails at once, others go on',
    async () => {
      const at = place()
      const engine = await openTemporalEngine({ ...at, agents: [agent] })
      const connection = await Connection.connect({ address: temporal })
      const client = new Client({ connection })
      const workflowId = `foreign-${randomUUID()}`
      const foreign = await client.workflow.start('auraExecution', {
        workflowId,
        taskQueue: at.taskQueue,
        args: [{ hello: 'world' }],
      })
      const run = await engine.executeWorkflow('faults', document)
      expect(run.status).toBe('completed')
      await expect(foreign.result()).rejects.toMatchObject({ cause: { type: 'InputError' } })
      await connection.close()
      await engine.close()
    },
    patience,
  )

  test(
    'the calls of a worker that stands still are taken over, and what it says later changes nothing',
    async () => {
      const at = { ...place(), file: `${newFolder()}/calls` }
      const engine = await openTemporalEngine({ ...at, heartbeatTimeoutMs: 2_000 })
      onTestFinished(() => engine.close())
      const still = await startWorker(at, 'hangs')
      const id = await engine.startWorkflow('faults', document)
      await vi.waitFor(() => expect(callsIn(at.file)).toHaveLength(1), soon)
      still.kill('SIGSTOP')
      await startWorker(at, 'answers')
      const run = await engine.continueWorkflow(id)
      still.kill('SIGCONT')
      expect(run.steps['only']).toMatchObject({ status: 'completed', output: `${id}/only/1` })
      expect(callsIn(at.file)).toEqual([`hangs ${id}/only/1`, `answers ${id}/only/1`])
    },
    patience,
  )

  test(
    'a versioned worker is given work once its version is the current one',
    async () => {
      const at = place()
      const deployment = `faults-${randomUUID()}`
      const worker = await openTemporalWorker({
        ...at,
        agents: [agent],
        versioning: { deployment },
      })
      onTestFinished(() => worker.close())
      const { buildId } = worker
      expect(buildId).toMatch(/^[0-9a-f]{16}$/)
      const engine = await openTemporalEngine(at)
      onTestFinished(() => engine.close())
      const connection = await Connection.connect({ address: temporal })
      onTestFinished(() => connection.close())
      await vi.waitFor(
        () =>
          connection.workflowService.setWorkerDeploymentCurrentVersion({
            namespace: 'default',
            deploymentName: deployment,
            buildId,
          }),
        soon,
      )
      expect((await engine.executeWorkflow('faults', document)).status).toBe('completed')
    },
    patience,
  )
})
