import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defineAgent, openEngine, type WorkflowData } from '../src/index.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-budgets-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

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
