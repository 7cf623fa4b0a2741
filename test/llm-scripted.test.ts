import {
  type BaseAgent,
  defineAgent,
  defineLlmAgent,
  defineModel,
  openEngine,
  type TextDelta,
  type ToolDefinition,
} from 'aura-orchestration'
import { type ModelMove, scriptedModel } from 'aura-orchestration/testing'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'

let close: () => Promise<void> = () => Promise.resolve()
afterEach(() => close())

interface Case {
  readonly tools?: { readonly [name: string]: ToolDefinition }
  readonly others?: readonly BaseAgent[]
  readonly onText?: (delta: TextDelta) => void
  readonly output?: z.ZodType
}

/** A writer with a model that follows a script. */
async function writer(
  script: readonly ModelMove[],
  { tools = {}, others = [], output, ...more }: Case = {},
) {
  const model = scriptedModel(script)
  const agents = [
    defineModel({ type: 'model', model, maxTokens: 50 }),
    defineLlmAgent({
      type: 'writer',
      model: 'model',
      tools,
      ...more,
      config: { resourceLimits: { budget: { tokens: 550 } } },
      actions: { write: { maxTokens: 500, ...(output === undefined ? {} : { output }) } },
    }),
    ...others,
  ]
  const engine = await openEngine({ agents })
  close = () => engine.close()
  const write = () => engine.invoke('writer', 'write', { about: 'frogs' }, { key: 'w' })
  return { model, engine, write }
}

const orders: object[] = []
const shop = defineAgent({
  type: 'shop',
  actions: {
    find: { description: 'Looks into the stock', effect: 'read', run: () => ({ inStock: 3 }) },
    'order.new': {
      effect: 'once',
      input: z.object({ amount: z.number().positive() }),
      run: (input) => ({ number: orders.push(input) }),
    },
  },
})

test("all actions of an agent are tools, with the agent's own descriptions and schemas", async () => {
  orders.length = 0
  const { model, write } = await writer(
    [
      {
        tools: [
          { name: 'shop_find', input: {} },
          { name: 'shop_order_new', input: { amount: -1 } },
        ],
      },
      { tools: [{ name: 'shop_order_new', input: { amount: 2 } }] },
      { text: 'ordered' },
    ],
    { tools: { shop: { agent: 'shop' } }, others: [shop] },
  )
  expect(await write()).toBe('ordered')
  expect(orders).toEqual([{ amount: 2 }])
  expect(model.asked[0]?.tools).toEqual(['shop_find', 'shop_order_new'])
  const told = JSON.stringify(model.asked[1]?.prompt)
  expect(told).toContain('"inStock":3')
  expect(told).toContain('the arguments are wrong')
})

test('a tool of an agent that is not registered fails the call, and nothing is asked', async () => {
  const { model, write } = await writer([{ text: 'no' }], { tools: { gone: { agent: 'gone' } } })
  await expect(write()).rejects.toMatchObject({
    code: 'AgentUnavailableError',
    message: expect.stringContaining("tool 'gone' needs agent 'gone'"),
  })
  expect(model.asked).toEqual([])
})

test('what answers and tools use counts once for the agent, also through its own calls', async () => {
  const greedy = defineAgent({
    type: 'greedy',
    actions: {
      use: {
        effect: 'read',
        maxTokens: 20,
        run: (_, { budget }) => budget.report({ tokens: 20 }),
      },
    },
  })
  const { engine, write } = await writer(
    [{ tools: [{ name: 'use', input: {} }] }, { text: 'used' }],
    { tools: { use: { agent: 'greedy', action: 'use' } }, others: [greedy] },
  )
  await write()
  expect((await engine.getExecution('w')).metrics.tokens).toBe(50)
  // Of the agent's 550: 50 are spent, so that 500 fit exactly once more.
  expect(await engine.invoke('writer', 'write', {}, { key: 'w2' })).toBe('used')
})

test('an answer that failed counts for who asked for it', async () => {
  const { engine, write } = await writer([{ fault: 'refused' }])
  await expect(write()).rejects.toMatchObject({ code: 'RefusedError' })
  expect((await engine.getExecution('w')).metrics.tokens).toBe(15)
})

test.each([
  ['refused', 'RefusedError'],
  ['cutOff', 'AgentOutputError'],
  ['unauthorised', 'AgentCommunicationError'],
  ['unknownModel', 'AgentCommunicationError'],
] as const)('a scripted model that is %s fails the call for good: %s', async (fault, code) => {
  const { model, write } = await writer([{ fault }])
  await expect(write()).rejects.toMatchObject({ code })
  expect(model.asked).toHaveLength(1)
})

test.each(['serverError', 'rateLimited', 'dies'] as const)(
  'one that is %s is asked again, streaming or not',
  async (fault) => {
    const heard: string[] = []
    const onText = ({ text }: TextDelta): number => heard.push(text)
    const streaming = await writer([{ fault }, { text: 'At last.' }], { onText })
    expect(await streaming.write()).toBe('At last.')
    expect(heard.slice(-2)).toEqual(['At ', 'last.'])
    await close()
    const plain = await writer([{ fault }, { text: 'At last.' }])
    expect(await plain.write()).toBe('At last.')
    expect(plain.model.asked).toHaveLength(2)
  },
)

test('an answer of another shape is mended once', async () => {
  const output = z.object({ green: z.boolean() })
  const { write } = await writer([{ fault: 'malformed' }, { json: { green: true } }], { output })
  expect(await write()).toEqual({ green: true })
})

test('a key by its name is read when it is needed, and one that is missing says so', async () => {
  const model = { url: 'http://127.0.0.1:9/v1', name: 'tiny', apiKey: { $secret: 'AURA_NO_KEY' } }
  const engine = await openEngine({ agents: [defineModel({ type: 'model', model })] })
  close = () => engine.close()
  await expect(engine.invoke('model', 'complete', { prompt: 'x' })).rejects.toMatchObject({
    code: 'RefusedError',
    message: expect.stringContaining('there is no AURA_NO_KEY'),
  })
})
