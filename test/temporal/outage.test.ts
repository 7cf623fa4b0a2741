import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { openTemporalEngine } from '../../src/integrations/temporal/index.ts'
import { held, ScriptedAgents } from '../../src/testing/scripted-agents.ts'
import { freePort } from '../support/free-port.ts'
import { cleanUp, kill, newFolder, serverProgram, startServer } from './processes.ts'

const patience = 120_000
const soon = { timeout: 60_000, interval: 200 }
const document = {
  name: 'outage',
  version: '1.0.0',
  steps: { only: { agent: 'worker', action: 'write' } },
}
const program = serverProgram()

afterEach(cleanUp)

test.skipIf(program === null)(
  'a Temporal that is gone refuses starts with its address, and a call that was under way is completed after it is back (npm run services:up temporal)',
  async () => {
    const [folder, port] = [newFolder(), await freePort()]
    const data = join(folder, 'temporal.db')
    const address = `127.0.0.1:${port}`
    const script = new ScriptedAgents()
    script.run = () => held
    const server = startServer(program as string, port, data)
    const engine = await vi.waitFor(
      () => openTemporalEngine({ address, agents: script.unmeteredAgents() }),
      soon,
    )
    const id = await engine.startWorkflow('outage', document)
    await vi.waitFor(() => expect(script.calls).toHaveLength(1), soon)
    await kill(server)
    await expect(engine.startWorkflow('outage', document)).rejects.toMatchObject({
      code: 'StorageError',
      message: expect.stringContaining(address),
    })
    await expect(engine.getExecution(id)).rejects.toMatchObject({ code: 'StorageError' })
    script.run = () => 'again'
    script.calls[0]?.resolve('first')
    startServer(program as string, port, data)
    const run = await engine.continueWorkflow(id)
    expect(run.status).toBe('completed')
    expect(new Set(script.keys)).toEqual(new Set([`${id}/only/1`]))
    await engine.close()
  },
  patience,
)
