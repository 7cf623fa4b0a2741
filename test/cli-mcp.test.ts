import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterEach, expect, test } from 'vitest'
import { openEngine } from '../src/index.ts'
import { mcpAgent } from '../src/integrations/mcp/index.ts'
import { auraJson, auraScript, cleanUp, newFolder, startAura } from './cli-process.ts'

const mcpServerFile = fileURLToPath(new URL('support/mcp-server.ts', import.meta.url))
const clients: Client[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
  cleanUp()
})

const agents = `
import { appendFileSync } from 'node:fs'
import { defineAgent } from 'aura-orchestration'
console.log('agents may print')
export default [
  defineAgent({
    type: 'desk',
    actions: {
      greet: {
        effect: 'once',
        run: (input) => {
          appendFileSync('greeted', input.name + '\\n')
          if (input.name === 'nobody') throw Object.assign(new Error('who?'), { retryable: false })
          return { text: 'Hello, ' + input.name + '!' }
        },
      },
    },
  }),
]
`
const greet = `
name: greet
version: 1.2.0
description: Greets somebody
input:
  type: object
  required: [name]
  properties: { name: { type: string, description: Whom to greet } }
steps:
  greet: { agent: desk, action: greet, with: { name: '\${ input.name }' } }
output: { text: '\${ steps.greet.output.text }' }
`
const ask = `
name: ask
version: 1.0.0
steps:
  first: { sleep: 10ms }
  wait: { needs: [first], waitFor: { signal: answer } }
output: { said: '\${ steps.wait.output }' }
`

function setUp(): string {
  const folder = newFolder()
  writeFileSync(join(folder, 'desk.ts'), agents)
  writeFileSync(join(folder, 'greet.yaml'), greet)
  writeFileSync(join(folder, 'ask.yaml'), ask)
  return folder
}

/** The official client on an `aura mcp` of its own. */
async function connect(folder: string, ...words: string[]) {
  const transport = new StdioClientTransport({
    command: auraScript,
    args: ['mcp', ...words],
    cwd: folder,
    env: { AURA_DB: '', NO_COLOR: '1' },
    stderr: 'pipe',
  })
  let stderr = ''
  transport.stderr?.on('data', (text: Buffer) => {
    stderr += text.toString()
  })
  const client = new Client({ name: 'test', version: '1' })
  const faults: Error[] = []
  Object.assign(client, { onerror: (error: Error) => faults.push(error) })
  await client.connect(transport)
  clients.push(client)
  return { client, faults, stderr: () => stderr, transport }
}

const own = ['--agents', 'desk.ts', '--workflows', '.']

interface Result {
  readonly isError?: boolean
  readonly structuredContent?: Readonly<Record<string, unknown>>
  readonly content: readonly { readonly text: string }[]
}

async function call(client: Client, name: string, args: object = {}): Promise<Result> {
  return (await client.callTool({ name, arguments: { ...args } })) as unknown as Result
}

test('without an owner it owns the file: workflows are tools, and stdout has the protocol alone', async () => {
  const folder = setUp()
  const { client, faults, stderr } = await connect(folder, ...own)
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['ask', 'greet', 'aura_show', 'aura_signal', 'aura_cancel']),
  )
  expect(tools.find(({ name }) => name === 'greet')).toMatchObject({
    description: expect.stringContaining('Greets somebody'),
    inputSchema: {
      required: ['name'],
      properties: { name: { description: 'Whom to greet' }, executionId: { type: 'string' } },
    },
  })
  expect(await call(client, 'greet', { name: 'Ada', executionId: 'g-1' })).toMatchObject({
    isError: false,
    structuredContent: {
      executionId: 'g-1',
      status: 'completed',
      output: { text: 'Hello, Ada!' },
      error: null,
    },
  })
  expect(faults).toEqual([])
  expect(stderr()).toContain('agents may print')
  // Other verbs reach it as they reach `aura serve`.
  expect(await auraJson(folder, 'ls')).toMatchObject({
    value: { executions: [{ executionId: 'g-1' }] },
  })
})

test('a repeated call attaches to its execution, also after the server was killed', async () => {
  const folder = setUp()
  const first = await connect(folder, ...own)
  const args = { name: 'Ada', executionId: 'g-1' }
  await call(first.client, 'greet', args)
  process.kill(first.transport.pid ?? 0, 'SIGKILL')
  const second = await connect(folder, ...own)
  expect(await call(second.client, 'greet', args)).toMatchObject({
    structuredContent: { status: 'completed' },
  })
  expect(await auraJson(folder, 'show', 'g-1')).toMatchObject({
    value: { steps: { greet: { attempts: 1 } } },
  })
  const other = await call(second.client, 'greet', { name: 'Eve', executionId: 'g-1' })
  expect(other).toMatchObject({ isError: true })
  expect(other.content[0]?.text).toContain('g-1')
})

test('a long run tells its progress, comes back as it stands, and is steered by the other tools', async () => {
  const folder = setUp()
  const { client } = await connect(folder, ...own, '--wait', '1s')
  const progress: unknown[] = []
  const waiting = (await client.callTool(
    { name: 'ask', arguments: { executionId: 'a-1' } },
    undefined,
    { onprogress: (one) => progress.push([one.progress, one.total]) },
  )) as unknown as Result
  expect(waiting).toMatchObject({
    isError: false,
    structuredContent: { status: 'waiting', currentSteps: ['wait'] },
  })
  expect(waiting.content[0]?.text).toContain('aura_show')
  expect(progress.at(-1)).toEqual([1, 2])
  const signalled = await call(client, 'aura_signal', {
    executionId: 'a-1',
    name: 'answer',
    data: { yes: true },
  })
  expect(signalled).not.toMatchObject({ isError: true })
  expect(await call(client, 'ask', { executionId: 'a-1' })).toMatchObject({
    structuredContent: { status: 'completed', output: { said: { yes: true } } },
  })
  const shown = await call(client, 'aura_show', { executionId: 'a-1' })
  expect(JSON.parse(shown.content[0]?.text ?? '')).toMatchObject({ status: 'completed' })
  await call(client, 'ask', { executionId: 'a-2' })
  await call(client, 'aura_cancel', { executionId: 'a-2' })
  expect(await call(client, 'ask', { executionId: 'a-2' })).toMatchObject({
    isError: true,
    structuredContent: { status: 'cancelled' },
  })
})

test('it speaks for the serve that owns the file, and goes on with the one after it', async () => {
  const folder = setUp()
  const served = startAura(folder, ['serve', '--port', '0', '--json', '--agents', 'desk.ts'])
  await served.prints(/\}\n$/)
  const refused = await auraJson(folder, 'mcp', '--agents', 'desk.ts')
  expect(refused).toMatchObject({ code: 2, value: { error: { code: 'UsageError' } } })
  const { client } = await connect(folder, '--workflows', 'greet.yaml')
  const names = (await client.listTools()).tools.map(({ name }) => name)
  expect(names).toContain('greet')
  expect(names).not.toContain('ask')
  expect(await call(client, 'greet', { name: 'Ada' })).toMatchObject({
    structuredContent: { status: 'completed' },
  })
  served.kill('SIGTERM')
  await served.ended
  const gone = await call(client, 'greet', { name: 'Ada' })
  expect(gone).toMatchObject({ isError: true })
  expect(gone.content[0]?.text).toContain('OwnerError')
  const next = startAura(folder, ['serve', '--port', '0', '--json', '--agents', 'desk.ts'])
  await next.prints(/\}\n$/)
  expect(await call(client, 'greet', { name: 'Eve' })).toMatchObject({
    structuredContent: { status: 'completed' },
  })
})

test('aura serve speaks it over HTTP as well, under its token, also to an agent of another Aura', async () => {
  const folder = setUp()
  const served = startAura(folder, ['serve', '--port', '0', '--json', ...own])
  const { url } = JSON.parse(await served.prints(/^.*\n/)) as { readonly url: string }
  expect((await fetch(`${url}/mcp`, { method: 'POST', body: '{}' })).status).toBe(401)
  const owner = readFileSync(join(folder, '.aura', 'aura.db.owner'), 'utf8')
  const { token } = JSON.parse(owner) as { readonly token: string }
  const agent = await mcpAgent({
    type: 'there',
    url: `${url}/mcp`,
    headers: { authorization: `Bearer ${token}` },
    tools: ['greet'],
  })
  expect(agent.contract('greet')?.effect).toBe('once')
  const engine = await openEngine({ agents: [agent] })
  const greeted = await engine.invoke('there', 'greet', { name: 'Ada' }, { key: 'k-1' })
  expect(greeted).toMatchObject({ status: 'completed', output: { text: 'Hello, Ada!' } })
  await expect(engine.invoke('there', 'greet', { name: 'nobody' })).rejects.toMatchObject({
    code: 'AgentError',
    message: expect.stringContaining('who?'),
  })
  await engine.close()
})

test('a module with an MCP agent is run, listed and killed like any other', async () => {
  const folder = newFolder()
  const log = join(folder, 'log')
  writeFileSync(
    join(folder, 'agents.ts'),
    `import { mcpAgent } from 'aura-orchestration/mcp'
const env = { MCP_LOG: ${JSON.stringify(log)} }
const args = [${JSON.stringify(mcpServerFile)}]
export default [await mcpAgent({ type: 'outside', command: process.execPath, args, env })]
`,
  )
  writeFileSync(
    join(folder, 'flow.yaml'),
    `name: flow
version: 1.0.0
steps:
  write: { agent: outside, action: write, with: { line: hello } }
  add: { needs: [write], agent: outside, action: add, with: { a: 2 } }
  slow: { needs: [add], agent: outside, action: slow }
`,
  )
  const words = ['flow.yaml', '--agents', 'agents.ts', '--id', 'f-1']
  expect(await auraJson(folder, 'agents', 'ls', '--agents', 'agents.ts')).toMatchObject({
    value: { agents: expect.arrayContaining([expect.objectContaining({ transport: 'mcp' })]) },
  })
  const lines = () => readFileSync(log, 'utf8').split('\n')
  const run = startAura(folder, ['run', ...words])
  while (!existsSync(log) || !lines().includes('slow began')) await sleep(50)
  run.kill('SIGKILL')
  await run.ended
  const again = startAura(folder, ['run', ...words])
  while (lines().filter((line) => line === 'slow began').length < 2) await sleep(50)
  await auraJson(folder, 'cancel', 'f-1')
  expect((await again.ended).code).toBe(1)
  expect(lines().filter((line) => line.startsWith('hello'))).toEqual(['hello f-1/write/1'])
  expect(await auraJson(folder, 'show', 'f-1')).toMatchObject({
    value: { status: 'cancelled', steps: { add: { output: { sum: 3 } } } },
  })
})

test('unknown tools, wrong arguments and failed workflows are told as such', async () => {
  const folder = setUp()
  const { client } = await connect(folder, ...own)
  await expect(call(client, 'gret')).rejects.toMatchObject({
    code: -32_602,
    message: expect.stringContaining("did you mean 'greet'?"),
  })
  const wrong = await call(client, 'greet', { nam: 1 })
  expect(wrong).toMatchObject({ isError: true })
  expect(wrong.content[0]?.text).toMatch(/InputError.*name/)
  expect(await call(client, 'greet', { name: 'nobody' })).toMatchObject({
    isError: true,
    structuredContent: { status: 'failed', error: { message: expect.stringContaining('who?') } },
  })
  const unknown = await call(client, 'aura_show', { executionId: 'no-such' })
  expect(unknown).toMatchObject({ isError: true })
  expect(unknown.content[0]?.text).toContain('NotFoundError')
})

test('it ends when the other side closes standard input', async () => {
  const folder = setUp()
  const ended = startAura(folder, ['mcp', ...own]).ended // its standard input is closed from the start
  expect(await ended).toMatchObject({ code: 0, stdout: '' })
})
