import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { aura, auraJson, cleanUp, examples, newFolder, startAura } from './cli-process.ts'

// Many processes one after the other, on machines that have other work too.
vi.setConfig({ testTimeout: 60_000 })
afterEach(cleanUp)

interface Route {
  readonly kind: string
  readonly agent: string | null
  readonly because: string | null
  readonly explanation: {
    readonly evidence: readonly { readonly word: string }[]
    readonly wouldChange: readonly { readonly change: string; readonly agent: string | null }[]
  } | null
}

const agents = `import { defineAgent } from 'aura-orchestration'
const act = { effect: 'read', run: (input) => ({ did: input }) }
export default [
  defineAgent({ type: 'billing', description: 'Invoices, payments and refunds', actions: { act } }),
  defineAgent({ type: 'travel', capabilities: ['book_flight', 'book_hotel'], actions: { act } }),
]
`
const document = `name: desk
version: 1.0.0
input: { type: object, required: [task], properties: { task: { type: string } } }
steps:
  choose: { agent: router, action: route, with: { task: '\${ input.task }', candidates: [billing, travel] } }
  bill: { needs: [choose], when: steps.choose.output.agent == 'billing', agent: billing, action: act, with: { for: '\${ input.task }' } }
  travel: { needs: [choose], when: steps.choose.output.agent == 'travel', agent: travel, action: act, with: { for: '\${ input.task }' } }
output: { agent: '\${ steps.choose.output.agent }', bill: '\${ steps.bill.status }', travel: '\${ steps.travel.status }' }
`

function setUp(): string {
  const folder = newFolder()
  writeFileSync(join(folder, 'desk.ts'), agents)
  writeFileSync(join(folder, 'desk.yaml'), document)
  return folder
}

const route = (folder: string, ...words: readonly string[]) =>
  auraJson<Route>(folder, 'route', ...words)

test('a task is routed by what is known of the agents, and the choice explained', async () => {
  const folder = setUp()
  const { code, value } = await route(
    folder,
    'refund my invoice',
    '--agents',
    'desk.ts',
    '--explain',
  )
  expect(code).toBe(0)
  expect(Object.keys(value).sort()).toEqual(
    'agent because confidence explanation fallbacks fit intent kind runnersUp stage'.split(' '),
  )
  expect(value).toMatchObject({ kind: 'routed', agent: 'billing', because: null })
  expect(value.explanation?.evidence.map(({ word }) => word)).toContain('invoice')
  const { stdout } = await aura(folder, 'route', 'book a hotel', '--agents', 'desk.ts', '--explain')
  expect(stdout).toMatch(/^travel {2}confidence \d+ %, fit \d+ %/)
  expect(stdout).toContain('what spoke for it:')
})

test('that nobody fits is an answer; an unknown candidate is an error', async () => {
  const folder = setUp()
  const nobody = await route(folder, '', '--agents', 'desk.ts')
  expect(nobody).toMatchObject({ code: 0, value: { kind: 'noAgent', because: 'noWords' } })
  const wrong = await aura(folder, 'route', 'pay', '--agents', 'desk.ts', '--candidate', 'biling')
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toContain("did you mean 'billing'?")
})

test('what was accepted is remembered by the file', async () => {
  const folder = setUp()
  const task = ['zeppelin gasket', '--agents', 'desk.ts']
  expect((await route(folder, ...task)).value.agent).toBeNull()
  await route(folder, ...task, '--accept', 'travel')
  expect((await route(folder, ...task)).value.agent).toBe('travel')
  const wrong = await aura(folder, 'route', ...task, '--accept', 'nobody')
  expect(wrong.code).toBe(2)
})

test('a workflow routes by meaning: only the chosen agent is called', async () => {
  const folder = setUp()
  const { value } = await auraJson<{ readonly output: unknown }>(
    folder,
    'run',
    'desk.yaml',
    '--agents',
    'desk.ts',
    '--input',
    'task=book a flight for Ada',
  )
  expect(value.output).toEqual({ agent: 'travel', bill: 'skipped', travel: 'completed' })
})

test('serve routes too, learns what is accepted, and keeps it for the next process', async () => {
  const folder = setUp()
  const serve = startAura(folder, ['serve', '--agents', 'desk.ts', '--port', '0', '--json'])
  await serve.prints(/^.*\n/)
  expect((await route(folder, 'refund my invoice', '--explain')).value.agent).toBe('billing')
  expect((await route(folder, 'zeppelin gasket', '--accept', 'billing')).value.agent).toBe(
    'billing',
  )
  serve.kill('SIGTERM')
  await serve.ended
  const { value } = await route(folder, 'zeppelin gasket', '--agents', 'desk.ts')
  expect(value.agent).toBe('billing')
})

test('the incident workflow routes the same message by what the metric does', async () => {
  const folder = newFolder()
  const calm = Array.from({ length: 400 }, (_, n) => 100 + 10 * Math.sin(n / 8))
  writeFileSync(join(folder, 'calm.csv'), ['value', ...calm].join('\n'))
  const agentFor = async (series: string, message: string) => {
    const { value } = await auraJson<{ readonly output: { readonly agent: string } }>(
      folder,
      'run',
      join(examples, 'incident-routing.yaml'),
      '--agents',
      join(examples, 'agents/desks.ts'),
      '--input',
      `series=${series}`,
      '--input',
      `message=${message}`,
    )
    return value.output.agent
  }
  const anomalous = join(examples, 'series/checkout.csv')
  expect(await agentFor(anomalous, 'the checkout is slow for me')).toBe('incident-desk')
  expect(await agentFor('calm.csv', 'the checkout is slow for me')).toBe('support-desk')
  expect(await agentFor(anomalous, 'how do I reset my password')).toBe('support-desk')
})
