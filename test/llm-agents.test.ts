import {
  type BaseAgent,
  defineAgent,
  defineLlmAgent,
  defineModel,
  type ModelDefinition,
  type TextDelta,
} from 'aura-orchestration'
import { MockLanguageModelV4 } from 'ai/test'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openEngine } from '../src/engine/index.ts'
import { type ChatAnswer, type ChatRequest, ChatServer } from './support/chat-server.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

const quick = { maxAttempts: 2, initialInterval: '1ms' } as const

/** A server that gives these answers one after the other, the last one for ever. */
async function serve(...answers: readonly (ChatAnswer | ((asked: ChatRequest) => ChatAnswer))[]) {
  const server = await ChatServer.start((asked, number) => {
    const answer = answers[Math.min(number, answers.length) - 1] ?? { text: 'nothing' }
    return typeof answer === 'function' ? answer(asked) : answer
  })
  cleanUps.push(() => server.stop())
  return server
}

function modelAt(server: ChatServer, rest: Partial<ModelDefinition> = {}) {
  return defineModel({
    type: 'model',
    model: { url: server.url, name: 'test', apiKey: 'k' },
    prices: { input: 1, output: 10 },
    ...rest,
  })
}

async function engineWith(...agents: readonly BaseAgent[]) {
  const engine = await openEngine({ agents })
  cleanUps.push(() => engine.close())
  return engine
}

const charged: string[] = []
const shop = defineAgent({
  type: 'shop',
  actions: {
    charge: {
      effect: 'once',
      input: z.object({ amount: z.number() }),
      run: async ({ amount }, { idempotencyKey }) => {
        charged.push(idempotencyKey)
        return { paid: amount }
      },
    },
    fail: {
      effect: 'read',
      run: async () => {
        throw Object.assign(new Error('sold out'), { retryable: false })
      },
    },
  },
})

const chargeTool = {
  agent: 'shop',
  action: 'charge',
  description: 'Charges the card',
  input: z.object({ amount: z.number() }),
}

describe('an LLM agent over a server that speaks the OpenAI wire format', () => {
  test('answers with text, reports tokens and cost, and keeps its key to itself', async () => {
    const server = await serve({ text: 'Paris' })
    const agent = defineLlmAgent({
      type: 'guide',
      model: 'model',
      instructions: 'Be short.',
      actions: { answer: { prompt: ({ question }: { question: string }) => question } },
    })
    const engine = await engineWith(modelAt(server), agent)
    const document = {
      name: 'ask',
      version: '1.0.0',
      steps: { a: { agent: 'guide', action: 'answer', with: { question: 'Capital of France?' } } },
    } as const
    const run = await engine.executeWorkflow('ask', document, { executionId: 'x' })
    expect(run.steps['a']?.output).toBe('Paris')
    expect(server.requests[0]?.messages).toEqual([
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'Capital of France?' },
    ])
    const { metrics } = await engine.getExecution('x')
    expect([metrics.tokens, metrics.costUsd]).toEqual([120, 0.0003])
  })

  test('uses tools, tells the model what came of them, and answers in the shape that was asked', async () => {
    charged.length = 0
    const server = await serve(
      { tool: { name: 'charge', arguments: '{"amount": 5}' } },
      (asked) => ({
        text: JSON.stringify({ seen: JSON.stringify(asked.messages.at(-1)?.content) }),
      }),
    )
    const agent = defineLlmAgent({
      type: 'clerk',
      model: 'model',
      tools: { charge: chargeTool },
      actions: { serve: { output: z.object({ seen: z.string() }) } },
    })
    const engine = await engineWith(modelAt(server), agent, shop)
    const output = await engine.invoke('clerk', 'serve', { order: 1 }, { key: 'k' })
    expect(output).toEqual({ seen: JSON.stringify('{"paid":5}') })
    expect(charged).toHaveLength(1)
    expect(server.requests[0]?.tools?.map((tool) => tool.function.name)).toEqual(['charge'])
  })

  test('tells the model of unknown tools, bad arguments and failures, which it may mend', async () => {
    const told: unknown[] = []
    const note = (answer: ChatAnswer) => (asked: ChatRequest) => {
      told.push(asked.messages.at(-1)?.content)
      return answer
    }
    const server = await serve(
      { tool: { name: 'nothing', arguments: '{}' } },
      note({ tool: { name: 'charge', arguments: '{"amount": "five"}' } }),
      note({ tool: { name: 'charge', arguments: '{"amount": ' } }),
      note({ tool: { name: 'buy', arguments: '{}' } }),
      note({ text: 'done' }),
    )
    const agent = defineLlmAgent({
      type: 'clerk',
      model: 'model',
      tools: { charge: chargeTool, buy: { agent: 'shop', action: 'fail', description: 'Buys' } },
      actions: { serve: {} },
    })
    const engine = await engineWith(modelAt(server), agent, shop)
    expect(await engine.invoke('clerk', 'serve', {}, { retry: quick })).toBe('done')
    expect(told[0]).toMatch(/nothing/)
    expect(told[1]).toMatch(/arguments are wrong: amount/)
    expect(told[2]).toMatch(/JSON/i)
    expect(told[3]).toMatch(/sold out/)
  })

  test('a model that asks for tools for ever is stopped at turnsMax', async () => {
    const server = await serve({ tool: { name: 'charge', arguments: '{"amount": 1}' } })
    const agent = defineLlmAgent({
      type: 'clerk',
      model: 'model',
      turnsMax: 3,
      tools: { charge: chargeTool },
      actions: { serve: {} },
    })
    const engine = await engineWith(modelAt(server), agent, shop)
    const failure = engine.invoke('clerk', 'serve', {}, { retry: { maxAttempts: 1 } })
    await expect(failure).rejects.toMatchObject({
      code: 'AgentOutputError',
      message: expect.stringMatching(/turnsMax/),
    })
    expect(server.requests).toHaveLength(3)
  })

  test('streams its answer to who listens', async () => {
    const server = await serve({ text: 'one two three' })
    const heard: TextDelta[] = []
    const agent = defineLlmAgent({
      type: 'guide',
      model: 'model',
      onText: (delta) => heard.push(delta),
      actions: { answer: {} },
    })
    const engine = await engineWith(modelAt(server), agent)
    expect(await engine.invoke('guide', 'answer', {})).toBe('one two three')
    expect(heard.map(({ text }) => text).join('')).toBe('one two three')
    expect(heard.length).toBeGreaterThan(1)
    expect(server.requests[0]?.stream).toBe(true)
  })
})

/** Faults of a model, and what comes of each. */
describe('a model that', () => {
  const answer = z.object({ n: z.number() })

  async function ask(
    server: ChatServer,
    more: { readonly timeout?: '200ms'; onText?: () => void } = {},
  ) {
    const { timeout, onText } = more
    const agent = defineLlmAgent({
      type: 'guide',
      model: 'model',
      ...(onText === undefined ? {} : { onText }),
      actions: { answer: onText === undefined ? { output: answer } : {} },
    })
    const engine = await engineWith(modelAt(server), agent)
    const retry = { maxAttempts: 1 }
    return engine.invoke(
      'guide',
      'answer',
      {},
      { retry, ...(timeout === undefined ? {} : { timeout }) },
    )
  }

  test('answers malformed JSON is asked once to mend it', async () => {
    const server = await serve({ text: 'n is 3' }, { text: '```json\n{"n": 3}\n```' })
    expect(await ask(server)).toEqual({ n: 3 })
    expect(server.requests[0]?.messages[0]?.content).toMatch(/JSON Schema.*"n":/)
    expect(server.requests[1]?.messages.at(-1)?.content).toMatch(/no JSON/)
  })

  test('refuses fails for good', async () => {
    const server = await serve({ text: '', finishReason: 'content_filter' })
    await expect(ask(server)).rejects.toMatchObject({ code: 'RefusedError', retryable: false })
    expect(server.requests).toHaveLength(1)
  })

  test('is cut off fails for good and says which limit to raise', async () => {
    const server = await serve({ text: '{"n": ', finishReason: 'length' })
    await expect(ask(server)).rejects.toMatchObject({
      code: 'AgentOutputError',
      hint: expect.stringMatching(/maxOutputTokens/),
    })
    expect(server.requests).toHaveLength(1)
  })

  test('is rate limited is asked again when it said', async () => {
    const server = await serve(
      { status: 429, headers: { 'retry-after': '0' } },
      { text: '{"n": 1}' },
    )
    expect(await ask(server)).toEqual({ n: 1 })
  })

  test('dies in the middle of a stream is asked again', async () => {
    const server = await serve({ text: 'one two three', dies: true }, { text: 'whole' })
    expect(await ask(server, { onText: () => {} })).toBe('whole')
  })

  test('does not know the key, or is not there, fails with advice and no retry', async () => {
    const server = await serve({ status: 401 })
    await expect(ask(server)).rejects.toMatchObject({
      code: 'AgentCommunicationError',
      hint: expect.stringMatching(/key/),
    })
    expect(server.requests).toHaveLength(1)
    const missing = await serve({ status: 404 })
    await expect(ask(missing)).rejects.toMatchObject({
      hint: expect.stringMatching(/name of the model/),
    })
  })

  test('hangs is given up at the timeout', async () => {
    const server = await serve({ hangs: true })
    await expect(ask(server, { timeout: '200ms' })).rejects.toMatchObject({
      code: 'WorkflowTimeoutError',
    })
  })
})

test('a call stops when the budget leaves no tokens', async () => {
  const server = await serve({ tool: { name: 'charge', arguments: '{"amount": 1}' } })
  const agent = defineLlmAgent({
    type: 'clerk',
    model: 'model',
    tools: { charge: chargeTool },
    actions: { serve: { maxTokens: 200 } },
  })
  const engine = await engineWith(modelAt(server), agent, shop)
  const budget = { tokens: 200 }
  const failure = engine.invoke('clerk', 'serve', {}, { budget, retry: { maxAttempts: 1 } })
  await expect(failure).rejects.toMatchObject({ code: 'BudgetExceededError' })
  expect(server.requests).toHaveLength(2)
})

test('any model of the AI SDK can be given', async () => {
  const usage = {
    inputTokens: { total: 3, noCache: 3, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 2, text: 2, reasoning: 0 },
  }
  const mock = new MockLanguageModelV4({
    doGenerate: async () => ({
      content: [{ type: 'text', text: 'from the mock' }],
      finishReason: { unified: 'stop', raw: 'stop' },
      usage,
      warnings: [],
    }),
  })
  const engine = await engineWith(defineModel({ type: 'model', model: mock }))
  const output = await engine.invoke('model', 'complete', { prompt: 'hello' })
  expect(output).toMatchObject({
    text: 'from the mock',
    usage: { inputTokens: 3, outputTokens: 2 },
  })
})
