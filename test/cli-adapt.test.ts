import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { aura, auraJson, cleanUp, newFolder, startAura } from './cli-process.ts'

afterEach(cleanUp)

const document = `name: ask
version: 1.0.0
adaptation: { approval: true }
steps:
  ask: { waitFor: { signal: go } }
  after: { needs: [ask], sleep: 1ms }
`

interface Adapted {
  readonly executionId: string
  readonly status: string
  readonly adaptation: { readonly adaptationId: string; readonly isReverted: boolean }
}

test('aura adapt puts an approval before a step of a running execution, show tells it, --revert takes it back', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'ask.yaml'), document)
  const run = startAura(folder, ['run', 'ask.yaml', '--id', 'a-1', '--json'])
  await run.sees(/aura signal a-1 go/)
  const words = ['adapt', 'a-1', '--step', 'after', '--because', 'drift']
  const made = await auraJson<Adapted>(folder, ...words, '--approval', '--id', 'x')
  expect(made.code).toBe(0)
  expect(made.value).toMatchObject({
    executionId: 'a-1',
    status: 'waiting',
    adaptation: { adaptationId: 'x', isReverted: false },
  })
  await aura(folder, 'signal', 'a-1', 'go')
  await run.sees(/aura signal a-1 approve-after/)
  const shown = await aura(folder, 'show', 'a-1')
  expect(shown.stdout).toMatch(/adaptations\n.* x +after +drift/)
  const back = await aura(folder, 'adapt', 'a-1', '--revert', 'x', '--because', 'over')
  expect(back.code).toBe(0)
  const { code } = await run.ended
  expect(code).toBe(0)
  const log = await aura(folder, 'logs', 'a-1')
  expect(log.stdout).toContain("execution adapted, after after signal 'approve-after': drift")
  expect(log.stdout).toContain('adaptation x reverted: over')
})

test('what is out of bounds, or is said wrongly, is exit 2 with a hint', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'ask.yaml'), document)
  await aura(folder, 'run', 'ask.yaml', '--id', 'a-1', '--detach')
  const refused = await aura(folder, 'adapt', 'a-1', '--pause', '--because', 'drift')
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('pause')])
  const both = ['--revert', 'x', '--because', 'over', '--pause']
  expect((await aura(folder, 'adapt', 'a-1', ...both)).code).toBe(2)
  expect((await aura(folder, 'adapt', 'a-1', '--max-parallel', '0', '--because', 'x')).code).toBe(2)
})
