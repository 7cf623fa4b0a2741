import { defineAgent, defineLlmAgent, defineModel } from 'aura-orchestration'
import { z } from 'zod'
import { offlineModel } from './offline-model.ts'

/**
 * A clerk who answers questions about a shop with a language model and two tools. Without a server it uses a
 * stand-in; with one, for instance Ollama:
 *
 *   MODEL_URL=http://127.0.0.1:11434/v1 MODEL_NAME=llama3.1 ./bin/aura run examples/llm/shop.yaml …
 */
const { MODEL_URL: url, MODEL_NAME: name = 'llama3.1', MODEL_KEY: apiKey } = process.env

const model = defineModel({
  type: 'model',
  model:
    url === undefined ? offlineModel : { url, name, ...(apiKey === undefined ? {} : { apiKey }) },
  prices: { input: 0.2, output: 0.8 },
  maxTokens: 8_000,
  config: { resourceLimits: { requestsPerMinute: 60 } },
})

const ofItem = z.object({ item: z.string() })
const stock: Readonly<Record<string, number>> = { mug: 12, lamp: 3, chair: 0 }

const shop = defineAgent({
  type: 'shop',
  actions: {
    stock: { effect: 'read', input: ofItem, run: async ({ item }) => ({ left: stock[item] ?? 0 }) },
    reserve: {
      effect: 'once',
      input: ofItem,
      run: async ({ item }, { idempotencyKey }) => ({ item, reservation: idempotencyKey }),
    },
  },
})

const clerk = defineLlmAgent({
  type: 'clerk',
  model: 'model',
  description: 'Answers questions about the shop and reserves things',
  instructions: 'You are the clerk of a small shop. Look the stock up before you promise anything.',
  tools: {
    stock: {
      agent: 'shop',
      action: 'stock',
      description: 'How many of an item are left',
      input: ofItem,
    },
    reserve: {
      agent: 'shop',
      action: 'reserve',
      description: 'Reserves one of an item',
      input: ofItem,
    },
  },
  actions: {
    answer: {
      prompt: ({ question }: { question: string }) => question,
      output: z.object({ item: z.string(), isReserved: z.boolean(), message: z.string() }),
      maxTokens: 20_000,
    },
  },
})

export default [model, shop, clerk]
