import { afterEach, expect, test } from 'vitest'
import { aura, auraJson, cleanUp, newFolder, startAura } from './cli-process.ts'

afterEach(cleanUp)

interface Listed {
  readonly agents: readonly {
    readonly agentId: string
    readonly health: string
    readonly quarantine: object | null
  }[]
}

test('an agent of serve is quarantined by hand, shown so, and released', async () => {
  const folder = newFolder()
  const serve = startAura(folder, ['serve', '--port', '0'])
  await serve.prints(/executions recovered/)
  const words = ['agents', 'quarantine', 'analyst', '--reason', 'maintenance', '--for', '10m']
  const said = await aura(folder, ...words)
  expect(said.stderr).toBe('')
  expect(said.code).toBe(0)
  const { value } = await auraJson<Listed>(folder, 'agents', 'ls')
  const analyst = value.agents.find(({ agentId }) => agentId === 'analyst')
  expect(analyst).toMatchObject({
    health: 'healthy',
    quarantine: { cause: 'manual', reason: 'maintenance', isProbing: false },
  })
  const shown = await aura(folder, 'agents', 'ls')
  expect(shown.stdout).toMatch(/quarantined until .* \(manual\): maintenance/)
  const released = await auraJson<Listed['agents'][number]>(folder, 'agents', 'release', 'analyst')
  expect(released.value.quarantine).toBeNull()
  const unknown = await aura(folder, 'agents', 'release', 'analist')
  expect(unknown.code).toBe(2)
  expect(unknown.stderr).toContain("did you mean 'analyst'?")
  serve.kill('SIGTERM')
  expect((await serve.ended).code).toBe(0)
})

test('without an owner there is nobody to quarantine an agent of', async () => {
  const { code, stderr } = await aura(newFolder(), 'agents', 'quarantine', 'a', '--reason', 'b')
  expect(code).toBe(3)
  expect(stderr).toContain('aura serve')
})
