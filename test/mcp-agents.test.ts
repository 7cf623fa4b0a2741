import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type BaseAgent, openEngine } from '../src/index.ts'
import { mcpAgent, type McpAgentOptions } from '../src/integrations/mcp/index.ts'
import { freePort } from './support/free-port.ts'

const serverFile = fileURLToPath(new URL('support/mcp-server.ts', import.meta.url))
let folder = ''
let log = ''
const children: ChildProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-mcp-'))
  log = join(folder, 'log')
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const lines = (): string[] => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [])

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(20)
}

const stdio = (env: Record<string, string> = {}) => ({
  type: 'outside',
  command: process.execPath,
  args: [serverFile],
  env: { MCP_LOG: log, ...env },
})

async function engineWith(agent: BaseAgent, db?: string) {
  return openEngine({ agents: [agent], ...(db === undefined ? {} : { db }) })
}

const never = { maxAttempts: 1 } as const

test('the tools of a server are actions with their schemas and effects, and are called', async () => {
  const agent = await mcpAgent({ ...stdio(), effects: { fail: 'idempotent' } })
  expect(agent).toMatchObject({ version: '1.2.3', description: 'Does things outside.' })
  expect(agent.definition('add')?.description).toBe('Adds two numbers.')
  expect(agent.definition('write')?.description).toBeUndefined()
  const effects = agent.actions.map((name) => [name, agent.contract(name)?.effect])
  expect(Object.fromEntries(effects)).toEqual({
    add: 'read',
    write: 'once',
    set: 'idempotent',
    'die-once': 'idempotent',
    slow: 'read',
    fail: 'idempotent',
    big: 'read',
    'odd-name': 'read',
  })
  const engine = await engineWith(agent)
  expect(await engine.invoke('outside', 'add', { a: 2 })).toEqual({ sum: 3 })
  expect(await engine.invoke('outside', 'odd-name', {})).toMatchObject({ text: 'odd' })
  await engine.invoke('outside', 'write', { line: 'hello' }, { key: 'w-1' })
  await engine.invoke('outside', 'write', { line: 'hello' }, { key: 'w-1' })
  expect(lines().filter((line) => line.startsWith('hello'))).toEqual(['hello w-1/call/1'])
  await engine.close()
})

test('wrong arguments never reach the server, and an error of a tool is an error of the call', async () => {
  const agent = await mcpAgent(stdio())
  const engine = await engineWith(agent)
  await expect(engine.invoke('outside', 'add', { a: 'x' })).rejects.toMatchObject({
    code: 'AgentInputError',
  })
  await expect(engine.invoke('outside', 'fail', { why: 'no paper' })).rejects.toMatchObject({
    code: 'AgentError',
    retryable: false,
    message: expect.stringContaining('no paper'),
  })
  await engine.close()
})

test('a result over the payload limit is refused, and one far over it does not end the agent', async () => {
  const config = { resourceLimits: { payloadBytesMax: 20_000 } }
  const agent = await mcpAgent({ ...stdio(), config })
  const engine = await engineWith(agent)
  const big = (bytes: number) =>
    engine.invoke('outside', 'big', { bytes }, { retry: never }).catch((error: unknown) => error)
  expect(await big(30_000)).toMatchObject({ code: expect.stringMatching(/Output|Resource/) })
  expect(await big(300_000)).toMatchObject({ code: 'AgentCommunicationError' })
  expect(await engine.invoke('outside', 'add', { a: 1 })).toEqual({ sum: 2 })
  await engine.close()
})

test('a call that is given up is cancelled at the server, after it has told its progress', async () => {
  const engine = await engineWith(await mcpAgent(stdio()))
  const notes: unknown[] = []
  engine.subscribe({ onProgress: ({ fraction, note }) => notes.push([fraction, note]) })
  const failed = engine
    .invoke('outside', 'slow', {}, { key: 'slow-1', retry: never })
    .catch((error: unknown) => error)
  await until(() => lines().includes('slow began') && notes.length > 0)
  await engine.cancelWorkflow('slow-1')
  expect(await failed).toMatchObject({ code: 'WorkflowCancelledError' })
  await until(() => lines().includes('slow was cancelled'))
  expect(notes).toEqual([[0.25, 'a quarter']])
  await engine.close()
})

test('a server that is killed in the middle of a call is started again by the next attempt', async () => {
  const agent = await mcpAgent(stdio({ MCP_LIVES: 'short' }))
  const engine = await engineWith(agent)
  const call = (retry: object) => engine.invoke('outside', 'die-once', { line: 'x' }, { retry })
  await expect(call({ maxAttempts: 2, initialInterval: '1ms' })).rejects.toMatchObject({
    code: 'AgentCommunicationError',
  })
  expect(lines().filter((line) => line === 'x')).toHaveLength(2)
  expect(await engine.invoke('outside', 'add', { a: 1 })).toEqual({ sum: 2 })
  await engine.close()
})

test('a once call whose server dies is uncertain, and a declared lookup decides it', async () => {
  const lives = stdio({ MCP_LIVES: 'short' })
  const uncertain = await mcpAgent({ ...lives, effects: { 'die-once': 'once' } })
  const engine = await engineWith(uncertain, join(folder, 'a.db'))
  void engine.invoke('outside', 'die-once', { line: 'x' }, { key: 'd-1' }).catch(() => {})
  const status = async () => (await engine.getExecution('d-1')).steps['call']?.status
  while ((await status().catch(() => null)) !== 'uncertain') await sleep(20)
  await engine.close()

  const lookups = { 'die-once': (key: string) => ({ text: key, content: [] }) }
  const known = await mcpAgent({ ...lives, effects: { 'die-once': 'once' }, lookups })
  const again = await engineWith(known)
  expect(await again.invoke('outside', 'die-once', { line: 'y' }, { key: 'd-2' })).toMatchObject({
    text: 'd-2/call/1',
  })
  expect(lines().filter((line) => line === 'x' || line === 'y')).toEqual(['x', 'y'])
  await again.close()
})

async function httpServer(port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [serverFile, String(port)], {
    env: { ...process.env, MCP_LOG: log },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  return child
}

test('over HTTP a server that is killed in the middle of a call breaks it at once, and is found again', async () => {
  const port = await freePort()
  const child = await httpServer(port)
  const agent = await mcpAgent({ type: 'outside', url: `http://127.0.0.1:${port}/mcp` })
  const engine = await engineWith(agent)
  expect(await engine.invoke('outside', 'add', { a: 2, b: 2 })).toEqual({ sum: 4 })
  const broken = engine
    .invoke('outside', 'slow', {}, { retry: never })
    .catch((error: unknown) => error)
  await until(() => lines().includes('slow began'))
  child.kill('SIGKILL')
  expect(await broken).toMatchObject({ code: 'AgentCommunicationError' })
  await expect(
    engine.invoke('outside', 'write', { line: 'w' }, { retry: never }),
  ).rejects.toMatchObject({ code: 'AgentCommunicationError' })
  await httpServer(port)
  expect(await engine.invoke('outside', 'add', { a: 2, b: 2 })).toEqual({ sum: 4 })
  await engine.close()
})

const wrong: readonly (readonly [string, object, string, RegExp])[] = [
  ['neither command nor url', {}, 'AgentModuleError', /either command or url/],
  ['both', { command: 'x', url: 'http://x' }, 'AgentModuleError', /either command or url/],
  ['no URL', { url: 'ftp://x' }, 'AgentModuleError', /no http or https URL/],
  ['nobody there', { url: 'http://127.0.0.1:9/mcp' }, 'AgentCommunicationError', /no MCP server/],
  ['no such command', { command: '/no/such' }, 'AgentCommunicationError', /ENOENT/],
  [
    'a command that is no server',
    { command: process.execPath, args: ['-e', 'console.error("who am I?")'] },
    'AgentCommunicationError',
    /who am I\?/,
  ],
  [
    'a server that says nothing',
    { command: 'sleep', args: ['30'], connectTimeoutMs: 200 },
    'AgentCommunicationError',
    /timed out/i,
  ],
]

test.each(wrong)('%s is refused with a readable error', async (_, options, code, message) => {
  const made = mcpAgent({ type: 'x', ...options } as unknown as McpAgentOptions)
  await expect(made).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
})

test('a server of an unknown protocol version, and an HTTP server that is none, are refused', async () => {
  const answers = [
    JSON.stringify({
      jsonrpc: '2.0',
      id: 0,
      result: {
        protocolVersion: '1999-01-01',
        capabilities: {},
        serverInfo: { name: 'old', version: '1' },
      },
    }),
    '<html>',
  ]
  for (const [place, answer] of answers.entries()) {
    const server = createServer((_, response) =>
      response
        .writeHead(200, { 'content-type': place === 0 ? 'application/json' : 'text/html' })
        .end(answer),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await expect(mcpAgent({ type: 'x', url: `http://127.0.0.1:${port}` })).rejects.toMatchObject({
      code: 'AgentCommunicationError',
      message: expect.stringMatching(place === 0 ? /1999-01-01/ : /content type/),
    })
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

test('a declaration about a tool that there is not is refused with the nearest name', async () => {
  await expect(mcpAgent({ ...stdio(), effects: { wriet: 'once' } })).rejects.toMatchObject({
    code: 'AgentModuleError',
    hint: "did you mean 'write'?",
  })
})
