import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type AgentContext, defineAgent, openEngine } from '../src/index.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-calls-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** An agent with one action of each effect, all doing the same. */
function agentOf(
  type: string,
  run: (input: object, context: AgentContext) => unknown,
  resourceLimits: { maxConcurrent?: number } = {},
) {
  const action = { run, maxTokens: 50 }
  return defineAgent({
    type,
    config: { resourceLimits },
    actions: {
      read: { effect: 'read', ...action },
      pay: { effect: 'once', ...action },
    },
  })
}

const quick = { initialInterval: '1ms', jitter: 0 } as const

test('an agent is called outside a workflow, and retried by the same policy', async () => {
  let calls = 0
  const flaky = agentOf('flaky', (input) => {
    if (++calls < 3) throw new Error('not yet')
    return { got: input }
  })
  const engine = await openEngine({ agents: [flaky] })
  expect(await engine.invoke('flaky', 'read', { n: 1 }, { retry: quick })).toEqual({
    got: { n: 1 },
  })
  expect(calls).toBe(3)
  await engine.close()
})

test('a call that fails rejects with its error, and one of a kind that is not there with a readable one', async () => {
  const failing = agentOf('failing', () => {
    throw Object.assign(new Error('no funds'), { retryable: false })
  })
  const engine = await openEngine({ agents: [failing] })
  await expect(engine.invoke('failing', 'pay', {})).rejects.toMatchObject({
    code: 'AgentError',
    message: expect.stringContaining('no funds'),
  })
  await expect(engine.invoke('', 'pay', {})).rejects.toMatchObject({ code: 'DocumentError' })
  await engine.close()
})

test('a key names a call: it is made once, also by another process, and is in the ledger', async () => {
  const db = join(folder, 'a.db')
  let paid = 0
  const bank = () => agentOf('bank', () => ({ receipt: ++paid }))
  const first = await openEngine({ db, agents: [bank()] })
  expect(await first.invoke('bank', 'pay', { amount: 5 }, { key: 'invoice-7' })).toEqual({
    receipt: 1,
  })
  await first.close()
  const second = await openEngine({ db, agents: [bank()] })
  expect(await second.invoke('bank', 'pay', { amount: 5 }, { key: 'invoice-7' })).toEqual({
    receipt: 1,
  })
  await expect(
    second.invoke('bank', 'pay', { amount: 6 }, { key: 'invoice-7' }),
  ).rejects.toMatchObject({ code: 'UsageError' })
  expect(second.ledger('invoice-7')).toMatchObject([
    { idempotencyKey: 'invoice-7/call/1', effect: 'once', outcome: 'completed', deliveries: 1 },
  ])
  expect(paid).toBe(1)
  await second.close()
})

test('a call outside a workflow spends budgets like any other', async () => {
  const model = agentOf('model', (_, { budget }) => budget.report({ tokens: 40 }))
  const engine = await openEngine({ agents: [model], tenants: { acme: { tokens: 80 } } })
  await engine.invoke('model', 'read', {}, { tenant: 'acme' })
  await expect(engine.invoke('model', 'read', {}, { tenant: 'acme' })).rejects.toMatchObject({
    code: 'BudgetExceededError',
  })
  await engine.close()
})

test('a call inside a call never waits for a place that its own chain holds', async () => {
  const narrow = agentOf(
    'narrow',
    async (input, context) => {
      const { depth } = input as { depth: number }
      if (depth === 0) return ['bottom']
      const below = await context.call('narrow', 'read', { depth: depth - 1 })
      return [depth, ...(below as unknown[])]
    },
    { maxConcurrent: 1 },
  )
  const engine = await openEngine({ agents: [narrow] })
  expect(await engine.invoke('narrow', 'read', { depth: 3 })).toEqual([3, 2, 1, 'bottom'])
  expect(engine.held).toEqual({ timers: 0, attempts: 0, slots: 0, executions: 0 })
  await engine.close()
})

test('an agent that calls itself without end fails with a typed error that names the chain', async () => {
  let calls = 0
  const endless = agentOf('endless', (_, context) => {
    calls++
    return context.call('endless', 'read')
  })
  const engine = await openEngine({ agents: [endless] })
  await expect(engine.invoke('endless', 'read', {})).rejects.toMatchObject({
    code: 'RefusedError',
    message: expect.stringContaining('callDepthMax (16): endless → endless'),
  })
  expect(calls).toBe(17)
  await engine.close()
})

test('what may happen only once does, although the call around it is tried again', async () => {
  let paid = 0
  let tries = 0
  const bank = agentOf('bank', () => ({ receipt: ++paid }))
  const clerk = agentOf('clerk', async (_, context) => {
    const receipt = await context.call('bank', 'pay', { amount: 5 })
    if (++tries < 3) throw new Error('the printer is out of paper')
    return receipt
  })
  const engine = await openEngine({ agents: [bank, clerk] })
  const document = {
    name: 'pays',
    version: '1.0.0',
    steps: { a: { agent: 'clerk', action: 'read', retry: quick } },
  }
  const run = await engine.executeWorkflow('pays', document, { executionId: 'x' })
  expect(run.steps['a']?.output).toEqual({ receipt: 1 })
  expect([tries, paid]).toEqual([3, 1])
  expect(engine.ledger('x.a.1.c1')).toMatchObject([{ outcome: 'completed', deliveries: 1 }])
  await engine.close()
})

test('what an inner call used is counted for the outer one, once', async () => {
  const model = agentOf('model', (_, { budget }) => budget.report({ tokens: 30 }))
  let tries = 0
  const asker = agentOf('asker', async (_, context) => {
    context.budget.report({ tokens: 5 })
    await context.call('model', 'read')
    if (++tries === 1) throw new Error('again')
    return null
  })
  const engine = await openEngine({ agents: [model, asker] })
  const steps = { a: { agent: 'asker', action: 'read', retry: quick } }
  await engine.executeWorkflow(
    'asks',
    { name: 'asks', version: '1.0.0', steps },
    { executionId: 'x' },
  )
  expect((await engine.getExecution('x')).metrics.tokens).toBe(40)
  await engine.close()
})

test('an inner call that failed and is made again is counted again', async () => {
  let tries = 0
  const model = agentOf('model', (_, { budget }) => {
    budget.report({ tokens: 30 })
    if (++tries === 1) throw Object.assign(new Error('no'), { retryable: false })
    return 'yes'
  })
  const asker = agentOf('asker', async (_, context) => {
    try {
      return await context.call('model', 'read')
    } catch {
      throw new Error('the inner call failed')
    }
  })
  const engine = await openEngine({ agents: [model, asker] })
  expect(await engine.invoke('asker', 'read', {}, { key: 'x', retry: quick })).toBe('yes')
  expect((await engine.getExecution('x')).metrics.tokens).toBe(60)
  await engine.close()
})

test('a call of which retention has left nothing is told so, and not made again', async () => {
  let calls = 0
  const shop = agentOf('shop', () => ++calls)
  const options = { agents: [shop], db: join(folder, 'r.db') }
  const first = await openEngine({ ...options, retention: null })
  await first.invoke('shop', 'pay', {}, { key: 'x' })
  await first.close()
  const engine = await openEngine({ ...options, retention: { executionsMax: 0 } })
  await engine.invoke('shop', 'read', {}, { key: 'other' })
  await vi.waitFor(async () => {
    await expect(engine.invoke('shop', 'pay', {}, { key: 'x' })).rejects.toMatchObject({
      code: 'NotFoundError',
      message: "call 'x' was completed, and what came of it was removed by retention",
    })
  })
  expect(calls).toBe(2)
  await engine.close()
})

test('an inner call that failed is tried again with the outer one', async () => {
  let tries = 0
  const weak = agentOf('weak', () => {
    if (++tries < 2) throw Object.assign(new Error('no'), { retryable: false })
    return 'yes'
  })
  const outer = agentOf('outer', async (_, context) => {
    try {
      return await context.call('weak', 'read')
    } catch {
      throw new Error('the inner call failed')
    }
  })
  const engine = await openEngine({ agents: [weak, outer] })
  expect(await engine.invoke('outer', 'read', {}, { retry: quick })).toBe('yes')
  await engine.close()
})

test('a cancel reaches the call inside', async () => {
  const { promise: called, resolve: isCalled } = Promise.withResolvers<AbortSignal>()
  const slow = agentOf('slow', (_, { signal }) => {
    isCalled(signal)
    return new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason)),
    )
  })
  const outer = agentOf('outer', (_, context) => context.call('slow', 'read'))
  const engine = await openEngine({ agents: [slow, outer] })
  const call = engine.invoke('outer', 'read', {}, { key: 'x' })
  const signal = await called
  const failed = call.catch((error: unknown) => error)
  await engine.cancelWorkflow('x')
  expect(await failed).toMatchObject({ code: 'WorkflowCancelledError' })
  expect(signal.aborted).toBe(true)
  expect((await engine.getExecution('x.c1')).status).toBe('cancelled')
  await engine.close()
})

test('an outer call that asks something else when it is made again is refused, and told how to go on', async () => {
  const inner = agentOf('inner', () => 'answer')
  let prompt = 'first'
  const outer = agentOf('outer', async (_, context) => {
    await context.call('inner', 'read', { prompt })
    if (prompt !== 'first') return 'done'
    prompt = 'second'
    throw new Error('after the inner call')
  })
  const engine = await openEngine({ agents: [inner, outer] })
  const call = engine.invoke('outer', 'read', {}, { key: 'x', retry: quick })
  await expect(call).rejects.toMatchObject({
    code: 'UsageError',
    message: expect.stringContaining("inner.read inside 'x/call/1' was begun with another input"),
    hint: expect.stringMatching(/dlq redrive.*aura rollback x --to.*aura fork x --from/),
  })
  await engine.close()
})
