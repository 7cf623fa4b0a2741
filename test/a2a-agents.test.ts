import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openEngine } from '../src/index.ts'
import { a2aAgent, type A2aAgentOptions } from '../src/integrations/a2a/index.ts'
import { freePort } from './support/free-port.ts'

const serverFile = fileURLToPath(new URL('support/a2a-server.ts', import.meta.url))
let folder = ''
let log = ''
const children: ChildProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-a2a-'))
  log = join(folder, 'log')
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const lines = (): string[] => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [])

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20)
}

async function remote(options: { port?: number; isStreaming?: boolean; tasks?: boolean } = {}) {
  const port = options.port ?? (await freePort())
  const more = options.tasks === true ? [join(folder, 'tasks.json')] : []
  const child = spawn(process.execPath, [serverFile, String(port), log, ...more], {
    env: { ...process.env, A2A_STREAMING: options.isStreaming === false ? 'no' : 'yes' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  return { port, child, url: `http://127.0.0.1:${port}` }
}

const actions = {
  do: { effect: 'once', skill: 'do things' },
  again: { effect: 'idempotent' },
} as const

async function engineOn(url: string, more: Partial<A2aAgentOptions> & { db?: string } = {}) {
  const { db, ...options } = more
  const agent = await a2aAgent({ type: 'outside', url, actions, pollMs: 30, ...options })
  return openEngine({ agents: [agent], ...(db === undefined ? {} : { db }) })
}

const never = { maxAttempts: 1 } as const
const caught = (error: unknown): unknown => error

test.each([true, false])(
  'a call is a message whose task is followed to its end (streaming: %s)',
  async (isStreaming) => {
    const { url } = await remote({ isStreaming })
    const engine = await engineOn(url)
    const input = { text: 'sleep 60', tray: 2 }
    expect(await engine.invoke('outside', 'do', input, { key: 'k-1' })).toMatchObject({
      text: 'did sleep 60',
      data: { got: { tray: 2 } },
      contextId: 'k-1/call/1',
      artifacts: [{ name: 'answer', parts: [{ text: 'did sleep 60' }, {}] }],
    })
    await engine.invoke('outside', 'do', input, { key: 'k-1' })
    expect(lines()).toEqual(['sleep 60 k-1/call/1 do things', 'awake'])
    expect(await engine.invoke('outside', 'again', { text: 'hello' })).toMatchObject({
      taskId: null,
      text: 'hello back',
    })
    const failed = await engine.invoke('outside', 'do', { text: 'fail' }).catch(caught)
    expect(failed).toMatchObject({
      code: 'AgentError',
      message: expect.stringMatching(/failed: out of paper/),
    })
    await engine.close()
  },
)

test('without actions each skill of the card is one, and once', async () => {
  const { url } = await remote()
  const agent = await a2aAgent({ type: 'outside', url })
  expect(agent).toMatchObject({ version: '2.0.0', description: 'Does things outside' })
  expect(agent.actions).toEqual(['do-things'])
  expect(agent.contract('do-things')).toMatchObject({ effect: 'once', hasLookup: true })
})

test('a task that requires input waits for a signal and goes on with its data', async () => {
  const { url } = await remote()
  const engine = await engineOn(url)
  const answer = engine.invoke('outside', 'do', { text: 'ask' }, { key: 'ask-1' })
  const step = async () => (await engine.getExecution('ask-1').catch(() => null))?.steps['call']
  await until(async () => (await step())?.status === 'waiting')
  await engine.signal('ask-1', 'outside-input', { text: 'the red one' })
  expect(await answer).toMatchObject({ text: 'did the red one', contextId: 'ask-1/call/1' })
  expect(lines()).toEqual(['ask ask-1/call/1 do things', 'the red one ask-1/call/1/i1 do things'])
  await engine.close()
})

test('a call that is given up cancels its task', async () => {
  const { url } = await remote()
  const engine = await engineOn(url)
  const failed = engine.invoke('outside', 'do', { text: 'sleep' }, { key: 'c-1' }).catch(caught)
  await until(() => lines().length === 1)
  await sleep(100)
  await engine.cancelWorkflow('c-1')
  expect(await failed).toMatchObject({ code: 'WorkflowCancelledError' })
  await until(() => lines().includes('cancelled'))
  await engine.close()
})

test('a once call that was lost is found again by its context, and not made twice', async () => {
  const { url } = await remote()
  const db = join(folder, 'a.db')
  const first = await engineOn(url, { db })
  void first.invoke('outside', 'do', { text: 'sleep 500' }, { key: 'l-1' }).catch(caught)
  await until(() => lines().length === 1)
  await first.close() // as a crash: the attempt is lost with the process
  const second = await engineOn(url, { db })
  const run = await second.continueWorkflow('l-1')
  expect(run.steps['call']).toMatchObject({
    status: 'completed',
    output: { text: 'did sleep 500' },
  })
  expect(lines()).toEqual(['sleep 500 l-1/call/1 do things', 'awake'])
  await second.close()
})

test('a server that restarts with its tasks is asked until it is there again', async () => {
  const { url, port, child } = await remote({ tasks: true, isStreaming: false })
  const engine = await engineOn(url)
  const asked = engine.invoke('outside', 'do', { text: 'ask' }, { key: 'r-1' })
  const step = async () => (await engine.getExecution('r-1').catch(() => null))?.steps['call']
  await until(async () => (await step())?.status === 'waiting')
  child.kill('SIGKILL')
  await once(child, 'exit')
  await engine.signal('r-1', 'outside-input', { text: 'blue' })
  await until(async () => (await engine.getExecution('r-1')).errorLog.length > 0)
  await remote({ port, tasks: true, isStreaming: false })
  expect(await asked).toMatchObject({ text: 'did blue' })
  await engine.close()
})

test('a server that is killed in the middle leaves a once call uncertain, and refuses the next', async () => {
  const { url, child } = await remote()
  const engine = await engineOn(url, { patienceMs: 100 })
  void engine.invoke('outside', 'do', { text: 'sleep' }, { key: 'd-1' }).catch(caught)
  await until(() => lines().length === 1)
  child.kill('SIGKILL')
  const step = async () => (await engine.getExecution('d-1')).steps['call']
  await until(async () => (await step())?.status === 'uncertain')
  expect(
    await engine.invoke('outside', 'do', { text: 'x' }, { retry: never }).catch(caught),
  ).toMatchObject({ code: 'AgentCommunicationError', message: expect.stringMatching(/REFUSED/) })
  await engine.close()
})

test.each([
  ['no URL', 'nowhere', 'AgentModuleError', /no http or https URL/],
  ['nobody there', 'http://127.0.0.1:9', 'AgentCommunicationError', /no A2A agent answers/],
])('%s is refused with a readable error', async (_, url, code, message) => {
  await expect(a2aAgent({ type: 'x', url })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  })
})

test.each([
  [404, '{}', /status 404/],
  [200, '<html>', /JSON/],
  [200, '{"name":"old","protocolVersion":"0.3.0","url":"http://x"}', /No compatible transport/],
  [401, 'no', /status 401/],
])('a server that answers %s %s is no A2A agent', async (status, body, message) => {
  const server = createServer((_, response) => response.writeHead(status).end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await expect(a2aAgent({ type: 'x', url: `http://127.0.0.1:${port}` })).rejects.toMatchObject({
    code: 'AgentCommunicationError',
    message: expect.stringMatching(message),
    hint: expect.stringMatching(status === 401 ? /credentials/ : /A2A 1\.0/),
  })
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})
