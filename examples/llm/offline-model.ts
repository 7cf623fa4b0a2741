import type { LanguageModel } from 'ai'

type Model = Extract<LanguageModel, { readonly specificationVersion: 'v4' }>

/**
 * Stands in for a language model where there is none: asks for the stock of what the question names, then for a
 * reservation, then answers. It speaks the AI SDK's interface of providers, as every real one does.
 */
export const offlineModel: Model = {
  specificationVersion: 'v4',
  provider: 'offline',
  modelId: 'clerk',
  supportedUrls: {},
  async doGenerate({ prompt }) {
    const asked = prompt.find(({ role }) => role === 'user')
    const item =
      /\b(mug|lamp|chair)\b/i.exec(JSON.stringify(asked?.content))?.[1]?.toLowerCase() ?? 'mug'
    const results = prompt.flatMap((message) => (message.role === 'tool' ? message.content : []))
    const last = JSON.stringify(results.at(-1) ?? null)
    if (results.length === 0) return toolCall('stock', { item })
    if (results.length === 1 && !last.includes('"left":0')) return toolCall('reserve', { item })
    const isReserved = results.length > 1
    const text = JSON.stringify({
      item,
      isReserved,
      message: isReserved ? `A ${item} is reserved for you.` : `We have no ${item} left.`,
    })
    return answer([{ type: 'text', text }], 'stop')
  },
  doStream() {
    throw new Error('the offline model does not stream')
  },
}

type Generated = Awaited<ReturnType<Model['doGenerate']>>

function toolCall(toolName: string, input: object): Generated {
  const call = {
    type: 'tool-call',
    toolCallId: toolName,
    toolName,
    input: JSON.stringify(input),
  } as const
  return answer([call], 'tool-calls')
}

function answer(content: Generated['content'], reason: 'stop' | 'tool-calls'): Generated {
  return {
    content,
    finishReason: { unified: reason, raw: reason },
    usage: {
      inputTokens: { total: 80, noCache: 80, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 20, text: 20, reasoning: 0 },
    },
    warnings: [],
  }
}
