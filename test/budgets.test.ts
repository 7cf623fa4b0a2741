import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type BaseAgent, defineAgent, openEngine, type WorkflowData } from '../src/index.ts'
import { cleanUp, startAura } from './cli-process.ts'

let folder = ''
let server: Server | null = null
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-budgets-'))
})
afterEach(() => {
  server?.close()
  server = null
  cleanUp()
  rmSync(folder, { recursive: true, force: true })
})

/** An HTTP agent that gives these answers, one after the other. */
async function remoteAgent(answers: readonly object[], usage: object): Promise<BaseAgent> {
  let count = 0
  server = createServer((request, response) => {
    request.resume()
    response.end(JSON.stringify(answers[count++]))
  })
  const listening = server
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  return defineAgent({
    type: 'model',
    url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}/`,
    actions: { ask: { effect: 'read', maxTokens: 100, maxCostUsd: 0.01, usage } },
  })
}

const model = (budget: { tokens?: number; calls?: number } = {}) =>
  defineAgent({
    type: 'model',
    config: { resourceLimits: { budget } },
    actions: {
      ask: {
        effect: 'read',
        maxTokens: 100,
        maxCostUsd: 0.01,
        run: (_, { budget: left }) => {
          left.report({ tokens: 30, costUsd: 0.003 })
          const { tokensLeft, costUsdLeft } = left
          return { tokensLeft, costUsdLeft }
        },
      },
    },
  })

function asking(tenant: string | null, steps = 1): WorkflowData {
  const ids = Array.from({ length: steps }, (_, i) => `s${i}`)
  return {
    name: 'asks',
    version: '1.0.0',
    metadata: tenant === null ? {} : { tenant },
    steps: Object.fromEntries(
      ids.map((id, i) => [id, { agent: 'model', action: 'ask', needs: ids.slice(0, i) }]),
    ),
  }
}

test('the budget of a tenant survives the process, and other tenants have their own', async () => {
  const db = join(folder, 'a.db')
  const tenants = { '*': { tokens: 150 } }
  const first = await openEngine({ db, agents: [model()], tenants })
  const run = await first.executeWorkflow('asks', asking('acme', 2))
  expect(run.status).toBe('completed')
  await first.close()
  const second = await openEngine({ db, agents: [model()], tenants })
  const refused = await second.executeWorkflow('asks', asking('acme'))
  expect(refused.error).toMatchObject({
    code: 'BudgetExceededError',
    message: expect.stringContaining("tenant 'acme' has 90 tokens left and the call may use 100"),
  })
  expect((await second.executeWorkflow('asks', asking('other'))).status).toBe('completed')
  expect((await second.executeWorkflow('asks', asking(null))).status).toBe('completed')
  await second.close()
})

test.each(['constructor', '__proto__', 'toString'])(
  'a tenant with the name of something that objects have, %s, is bounded as the others',
  async (tenant) => {
    const engine = await openEngine({ agents: [model()], tenants: { '*': { tokens: 50 } } })
    const { error } = await engine.executeWorkflow('asks', asking(tenant))
    expect(error?.code).toBe('BudgetExceededError')
    await engine.close()
  },
)

test('a call sees what is left to it, its own reservation included and less with each report', async () => {
  const engine = await openEngine({
    agents: [model({ tokens: 1_000 })],
    tenants: { acme: { tokens: 500 } },
  })
  const document = { ...asking('acme'), budget: { costUsd: 0.02 } }
  const { steps } = await engine.executeWorkflow('asks', document)
  expect(steps['s0']?.output).toEqual({ tokensLeft: 470, costUsdLeft: 0.017 })
  await engine.close()
})

test('a budget of calls counts every attempt of every execution', async () => {
  const engine = await openEngine({ agents: [model({ calls: 3 })] })
  const run = await engine.executeWorkflow('asks', asking(null, 5))
  expect(run.error?.message).toContain("budget of agent 'model' has 0 calls left")
  expect(run.steps['s2']?.status).toBe('completed')
  await engine.close()
})

test('a budget that is none is refused when the engine opens', async () => {
  const tenants = { acme: { tokens: -1 } }
  await expect(openEngine({ tenants })).rejects.toMatchObject({
    code: 'UsageError',
    message: expect.stringContaining("tenant 'acme'"),
  })
})

test('what the answer of an HTTP agent says it used is counted; of what it does not say, the most', async () => {
  const pointers = { tokens: ['/usage/in', '/usage/out'], costUsd: '/price~1usd' }
  const answers = [
    { usage: { in: 20, out: 5 }, 'price/usd': 0.002 },
    { usage: { in: 20, out: -5 }, 'price/usd': 'a lot' },
    {},
  ]
  const engine = await openEngine({ agents: [await remoteAgent(answers, pointers)] })
  const options = { executionId: 'x' }
  expect((await engine.executeWorkflow('asks', asking(null, 3), options)).status).toBe('completed')
  const { metrics } = await engine.getExecution('x')
  expect([metrics.tokens, metrics.costUsd]).toEqual([25 + 100 + 100, 0.022])
  await engine.close()
})

test('an HTTP agent spends the budget of its execution', async () => {
  const answers = [{ used: 60 }, { used: 60 }]
  const engine = await openEngine({ agents: [await remoteAgent(answers, { tokens: '/used' })] })
  const document = { ...asking(null, 2), budget: { tokens: 150 } }
  const run = await engine.executeWorkflow('asks', document)
  expect(run.steps['s0']?.status).toBe('completed')
  expect(run.error?.code).toBe('BudgetExceededError')
  await engine.close()
})

test.each([
  [{ usage: {} }, 'where tokens or costUsd are'],
  [{ usage: { tokens: 'used' } }, 'where tokens or costUsd are'],
  [{ usage: { token: '/used' } }, "unknown key 'token'"],
])('an HTTP agent with %o is refused', (wrong, message) => {
  const actions = { ask: { effect: 'read', ...wrong } } as never
  expect(() => defineAgent({ type: 'm', url: 'http://127.0.0.1:1', actions })).toThrow(message)
})

test('aura run keeps to the budgets of tenants that AURA_CONFIG says, as aura serve does', async () => {
  writeFileSync(join(folder, 'aura.yaml'), 'tenants: { acme: { calls: 1 } }\n')
  writeFileSync(
    join(folder, 'agents.ts'),
    "import { defineAgent } from 'aura-orchestration'\nexport default [defineAgent({ type: 'model', actions: { ask: { effect: 'read', run: () => 1 } } })]\n",
  )
  writeFileSync(join(folder, 'asks.json'), JSON.stringify(asking('acme')))
  const words = ['run', 'asks.json', '--agents', 'agents.ts', '--json']
  const env = { AURA_CONFIG: 'aura.yaml' }
  const first = await startAura(folder, words, env).ended
  expect([first.code, first.stderr]).toEqual([0, expect.any(String)])
  const second = await startAura(folder, words, env).ended
  expect(second.code).toBe(1)
  expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: 'BudgetExceededError' } })
})
