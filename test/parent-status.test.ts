import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLook } from '../src/engine/index.ts'
import { defineAgent, openEngine, type WorkflowData } from '../src/index.ts'

let folder = ''
let release = (): void => {}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-parents-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const slow = defineAgent({
  type: 'slow',
  actions: {
    work: { effect: 'read', run: () => new Promise<void>((resolve) => (release = resolve)) },
  },
})
const workflow = (name: string, steps: WorkflowData['steps']): WorkflowData => ({
  name,
  version: '1.0.0',
  steps,
})
const innermost = workflow('innermost', { ask: { waitFor: { signal: 'go' } } })
const inner = workflow('inner', { down: { workflow: { name: 'innermost', version: '1' } } })
const outer = workflow('outer', {
  down: { workflow: { name: 'inner', version: '1' } },
  after: { needs: ['down'], agent: 'slow', action: 'work' },
})
const workflows = [innermost, inner]

const open = () => openEngine({ db: join(folder, 'aura.db'), agents: [slow] })

function recorded(status: string): readonly string[] {
  const look = openLook(join(folder, 'aura.db'))
  const ids = look.list({ status }).map(({ executionId }) => executionId)
  look.close()
  return ids.toSorted()
}

test('a parent of which nothing runs waits with its children, also in lists and in the next process', async () => {
  const all = ['o', 'o.down', 'o.down.down']
  const first = await open()
  await first.startWorkflow('outer', outer, { executionId: 'o', workflows })
  await expect.poll(() => recorded('waiting')).toEqual(all)
  expect((await first.getExecution('o')).status).toBe('waiting')
  await first.close()
  const second = await open()
  second.recoverAll()
  const ending = second.continueWorkflow('o')
  await expect.poll(async () => (await second.getExecution('o')).status).toBe('waiting')
  await second.signal('o.down.down', 'go', null)
  await expect.poll(() => recorded('completed')).toEqual(['o.down', 'o.down.down'])
  await expect.poll(async () => (await second.getExecution('o')).status).toBe('running')
  release()
  expect((await ending).status).toBe('completed')
  await second.close()
})

test('a parent that does something itself, or has a child that does, runs', async () => {
  const busy = workflow('busy', { work: { agent: 'slow', action: 'work' } })
  const both = workflow('both', {
    waits: { workflow: { name: 'innermost', version: '1' } },
    works: { workflow: { name: 'busy', version: '1' } },
  })
  const engine = await open()
  const options = { executionId: 'b', workflows: [innermost, busy] }
  const ending = engine.executeWorkflow('both', both, options)
  await expect.poll(() => recorded('waiting')).toEqual(['b.waits'])
  expect((await engine.getExecution('b')).status).toBe('running')
  release()
  await expect.poll(() => recorded('waiting')).toEqual(['b', 'b.waits'])
  await engine.signal('b.waits', 'go', null)
  expect((await ending).status).toBe('completed')
  await engine.close()
})
