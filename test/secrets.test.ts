import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLook } from '../src/engine/index.ts'
import {
  type AgentContext,
  type BaseAgent,
  defineAgent,
  openEngine,
  type WorkflowData,
} from '../src/index.ts'

const secret = 'hunter2-"quoted"-and-more'
let folder = ''
let servers: Server[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-secrets-'))
  process.env['AURA_TEST_SECRET'] = secret
})
afterEach(() => {
  delete process.env['AURA_TEST_SECRET']
  for (const server of servers) server.close()
  servers = []
  rmSync(folder, { recursive: true, force: true })
})

const named = { $secret: 'AURA_TEST_SECRET' }
const workflow = (
  steps: WorkflowData['steps'],
  rest: Partial<WorkflowData> = {},
): WorkflowData => ({ name: 'work', version: '1.0.0', ...rest, steps })

/** Notes what it was called with; then does what `then` says. */
function agentOf(
  seen: unknown[],
  answer: (input: object, ctx: AgentContext) => unknown = () => ({ ok: true }),
): BaseAgent {
  const run = (input: object, ctx: AgentContext): unknown => {
    seen.push(structuredClone(input))
    return answer(input, ctx)
  }
  return defineAgent({
    type: 'api',
    actions: { call: { effect: 'read', run }, undo: { effect: 'idempotent', run } },
    config: { observabilityConfig: { recordPayloads: true } },
  })
}

const openWith = (agents: readonly BaseAgent[], logged: unknown[] = []) => {
  const logger = {
    log: (...line: unknown[]) => void logged.push(line),
    with: () => logger,
  }
  return openEngine({ db: join(folder, 'aura.db'), agents, logger })
}

/** The bytes of every file of the engine, and its views. */
function everythingKept(executionId: string): string {
  const look = openLook(join(folder, 'aura.db'))
  const views = JSON.stringify([look.show(executionId), look.log(executionId)])
  look.close()
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'))
  return [views, ...files].join('\n')
}

test('a secret reaches the call, and neither journal nor views nor logs have it, whatever the agent does with it', async () => {
  const seen: unknown[] = []
  const logged: unknown[] = []
  const agent = agentOf(seen, async (input, ctx) => {
    ctx.logger.info(`calling with ${JSON.stringify(input)}`, { auth: secret })
    ctx.logger.with({ token: secret }).warn('again')
    ctx.state.set('last', { used: [secret] })
    ctx.memory.put('kept', { text: `the key is ${secret}` })
    ctx.progress(0.5, `using ${secret}`)
    return { echoed: `Bearer ${secret}`, [secret]: 1 }
  })
  const engine = await openWith([agent], logged)
  const step = { agent: 'api', action: 'call', with: { url: '/x', headers: [{ auth: named }] } }
  const run = await engine.executeWorkflow('work', workflow({ x: step }), { executionId: 'e' })
  expect(seen).toEqual([{ url: '/x', headers: [{ auth: secret }] }])
  expect(run.steps['x']?.output).toEqual({ echoed: 'Bearer [secret]', '[secret]': 1 })
  const kept = everythingKept('e')
  expect(kept).toContain('AURA_TEST_SECRET')
  for (const text of [kept, JSON.stringify(logged)]) expect(text).not.toContain('hunter2')
  await engine.close()
})

test('an error that tells a secret is recorded without it, and each attempt reads it again', async () => {
  const seen: unknown[] = []
  const agent = agentOf(seen, () => {
    process.env['AURA_TEST_SECRET'] = 'rotated-secret'
    if (seen.length < 2) throw new Error(`401 for ${secret}`)
    return 'fine'
  })
  const engine = await openWith([agent])
  const step = {
    agent: 'api',
    action: 'call',
    with: { auth: named },
    retry: { initialInterval: '1ms' },
  } as const
  await engine.executeWorkflow('work', workflow({ x: step }), { executionId: 'e' })
  expect(seen).toEqual([{ auth: secret }, { auth: 'rotated-secret' }])
  expect(everythingKept('e')).toContain('401 for [secret]')
  await engine.close()
})

test('data that looks like a secret stays data: only the document names secrets', async () => {
  const seen: unknown[] = []
  const engine = await openWith([agentOf(seen, () => ({ from: named }))])
  const steps = {
    x: { agent: 'api', action: 'call', with: { body: '${ input.body }', auth: named } },
    y: { needs: ['x'], agent: 'api', action: 'call', with: { from: '${ steps.x.output.from }' } },
  } as unknown as WorkflowData['steps']
  await engine.executeWorkflow('work', workflow(steps), { input: { body: named } })
  expect(seen).toEqual([{ body: named, auth: secret }, { from: named }])
  await engine.close()
})

test('items, fallbacks, patterns and compensations are given their secrets too', async () => {
  const seen: unknown[] = []
  const failing = defineAgent({
    type: 'bad',
    actions: {
      call: {
        effect: 'read',
        run: () => {
          throw Object.assign(new Error('no'), { retryable: false })
        },
      },
    },
  })
  const engine = await openWith([agentOf(seen), failing])
  const call = { agent: 'api', action: 'call', with: { auth: named } }
  const steps = {
    items: { ...call, forEach: '[1, 2]', compensate: { agent: 'api', action: 'undo' } },
    fall: { needs: ['items'], ...call, agent: 'bad', fallback: { agent: 'api', action: 'call' } },
    vote: {
      needs: ['fall'],
      pattern: 'fanOut',
      agents: ['api'],
      action: 'call',
      with: { auth: named },
    },
    end: { needs: ['vote'], agent: 'bad', action: 'call' },
  } as unknown as WorkflowData['steps']
  const document = workflow(steps, { onFailure: 'compensate' })
  const run = await engine.executeWorkflow('work', document, { executionId: 'e' })
  expect(run.status).toBe('failed')
  expect(seen.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => ({ auth: secret })))
  expect(seen.slice(4)).toMatchObject([{ input: { auth: secret } }, { input: { auth: secret } }])
  expect(everythingKept('e')).not.toContain('hunter2')
  await engine.close()
})

test('a secret that is not there fails the call for good before anybody is called, and a redrive finds it', async () => {
  const seen: unknown[] = []
  const engine = await openWith([agentOf(seen)])
  delete process.env['AURA_TEST_SECRET']
  const step = { agent: 'api', action: 'call', with: { auth: named } }
  const run = await engine.executeWorkflow('work', workflow({ x: step }), { executionId: 'e' })
  expect(run.error).toMatchObject({ code: 'RefusedError', retryable: false })
  expect(run.error?.hint).toContain('AURA_TEST_SECRET')
  expect(run.steps['x']?.attempts).toBe(1)
  expect(seen).toEqual([])
  process.env['AURA_TEST_SECRET'] = secret
  await engine.redrive('e')
  expect((await engine.continueWorkflow('e')).status).toBe('completed')
  await engine.close()
})

test('an agent that hands a secret to another agent is refused: that call would be recorded', async () => {
  const other = defineAgent({ type: 'other', actions: { do: { effect: 'read', run: () => 1 } } })
  const agent = agentOf([], (input, ctx) => ctx.call('other', 'do', { ...input }))
  const engine = await openWith([agent, other])
  const step = { agent: 'api', action: 'call', with: { auth: named } }
  const run = await engine.executeWorkflow('work', workflow({ x: step }), { executionId: 'e' })
  expect(run.error).toMatchObject({ code: 'RefusedError' })
  expect(everythingKept('e')).not.toContain('hunter2')
  await engine.close()
})

test('an HTTP agent is sent the secret', async () => {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      bodies.push(body)
      response.end('{}')
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const remote = defineAgent({ type: 'remote', url, actions: { call: { effect: 'read' } } })
  const engine = await openWith([remote])
  const step = { agent: 'remote', action: 'call', with: { auth: named } }
  await engine.executeWorkflow('work', workflow({ x: step }), { executionId: 'e' })
  expect(JSON.parse(bodies[0] ?? '')).toMatchObject({ input: { auth: secret } })
  expect(everythingKept('e')).not.toContain('hunter2')
  await engine.close()
})
