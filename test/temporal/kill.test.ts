import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import type { WorkflowData } from '../../src/index.ts'
import { openTemporalEngine } from '../../src/integrations/temporal/index.ts'
import { freePort } from '../support/free-port.ts'
import { describeWithServices } from '../support/services.ts'
import {
  callsIn,
  cleanUp,
  kill,
  newFolder,
  serverProgram,
  startServer,
  startWorker,
} from './processes.ts'

const patience = 90_000
const soon = { timeout: 60_000, interval: 200 }

function flow(steps: WorkflowData['steps']): WorkflowData {
  return { name: 'killed', version: '1.0.0', steps }
}

afterEach(cleanUp)

await describeWithServices('kill -9 under Temporal', ['temporal'], ({ temporal }) => {
  /** Has a worker killed inside the only call of an execution. */
  async function killedInside(action: 'write' | 'pay') {
    const taskQueue = `kill-test-${action}-${process.pid}-${Date.now()}`
    const place = { address: temporal, taskQueue, file: join(newFolder(), 'calls') }
    const engine = await openTemporalEngine({ ...place, heartbeatTimeoutMs: 2_000 })
    const first = await startWorker(place, 'hangs')
    const id = await engine.startWorkflow('killed', flow({ only: { agent: 'worker', action } }))
    await vi.waitFor(() => expect(callsIn(place.file)).toHaveLength(1), soon)
    await kill(first)
    await startWorker(place, 'answers')
    return { engine, id, file: place.file }
  }

  test(
    'a call whose worker was killed is made by another one with the same key',
    async () => {
      const { engine, id, file } = await killedInside('write')
      const run = await engine.continueWorkflow(id)
      const key = `${id}/only/1`
      expect(run.steps['only']).toMatchObject({ status: 'completed', attempts: 1, output: key })
      expect(callsIn(file)).toEqual([`hangs ${key}`, `answers ${key}`])
      const kinds = (await engine.getLog(id)).map(({ event }) => event.kind)
      expect(kinds.filter((kind) => kind === 'AttemptLost')).toHaveLength(1)
      await engine.close()
    },
    patience,
  )

  test(
    'a call that may happen once is not made again, and waits for somebody who knows',
    async () => {
      const { engine, id, file } = await killedInside('pay')
      const step = async () => (await engine.getExecution(id)).steps['only']?.status
      await vi.waitFor(async () => expect(await step()).toBe('uncertain'), soon)
      await engine.resolve(id, 'only', { kind: 'succeed', output: 'paid' })
      expect((await engine.continueWorkflow(id)).steps['only']?.output).toBe('paid')
      expect(callsIn(file)).toHaveLength(1)
      await engine.close()
    },
    patience,
  )

  const program = serverProgram()
  test.skipIf(program === null)(
    'a server that is killed and started again on its data goes on (npm run services:up temporal)',
    async () => {
      const folder = newFolder()
      const port = await freePort()
      const data = join(folder, 'temporal.db')
      const address = `127.0.0.1:${port}`
      const place = { address, taskQueue: 'aura', file: join(folder, 'calls') }
      const server = startServer(program as string, port, data)
      const engine = await vi.waitFor(() => openTemporalEngine(place), soon)
      await startWorker(place, 'answers')
      const id = await engine.startWorkflow(
        'killed',
        flow({
          one: { agent: 'worker', action: 'pay' },
          rest: { sleep: '2s', needs: ['one'] },
          two: { agent: 'worker', action: 'pay', needs: ['rest'] },
        }),
      )
      await vi.waitFor(() => expect(callsIn(place.file)).toHaveLength(1), soon)
      const ended = engine.continueWorkflow(id)
      await vi.waitFor(
        async () => expect((await engine.getRun(id)).steps['one']?.status).toBe('completed'),
        soon,
      )
      await kill(server)
      startServer(program as string, port, data)
      expect((await ended).status).toBe('completed')
      expect(callsIn(place.file)).toEqual([`answers ${id}/one/1`, `answers ${id}/two/1`])
      await engine.close()
    },
    patience,
  )
})
