import type { LanguageModel } from 'ai'
import { assertNever } from '../core/assert.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'

/** What can go wrong with a language model. */
export const modelFaultNames = [
  'malformed', // text that is no JSON
  'refused', // content filter
  'cutOff', // the limit of tokens was reached
  'rateLimited', // status 429, `Retry-After: 1`
  'unauthorised', // status 401
  'unknownModel', // status 404
  'serverError', // status 500
  'dies', // the stream breaks in the middle
  'hangs', // nothing comes until the call is given up
] as const

export type ModelFaultName = (typeof modelFaultNames)[number]

/** What a scripted model does when it is asked. */
export type ModelMove =
  | { readonly text: string }
  | { readonly json: JsonValue }
  | { readonly tools: readonly { readonly name: string; readonly input: JsonObject | string }[] }
  | { readonly fault: ModelFaultName }

/** What a scripted model is asked. */
export interface AskedModel {
  /** Counts the turns that it was asked, from 1. */
  readonly number: number
  /** The messages, as the AI SDK's specification 4 has them. */
  readonly prompt: readonly { readonly role: string; readonly content: unknown }[]
  readonly tools: readonly string[]
}

/** What `defineModel` takes as `model`. */
export type ScriptedModel = Exclude<LanguageModel, string> & {
  /** Everything that it was asked. */
  readonly asked: readonly AskedModel[]
}

interface CallOptions {
  readonly prompt: AskedModel['prompt']
  readonly tools?: readonly { readonly name: string }[]
  readonly abortSignal?: AbortSignal
}

/**
 * A language model that does as it is told, for tests and simulations of LLM agents; no network, no key. Every
 * turn uses 10 tokens of input and 5 of output.
 *
 * @param script its moves in order, the last one for all that follow, or a function of what it is asked
 * @example scriptedModel([{ tools: [{ name: 'stock_find', input: { item: 'pen' } }] }, { text: 'Three.' }])
 */
export function scriptedModel(
  script: readonly ModelMove[] | ((asked: AskedModel) => ModelMove),
): ScriptedModel {
  const seen: AskedModel[] = []
  const moveOf = ({ prompt, tools = [] }: CallOptions): { move: ModelMove; number: number } => {
    const number = seen.length + 1
    const asked = { number, prompt, tools: tools.map(({ name }) => name) }
    seen.push(asked)
    const move =
      typeof script === 'function' ? script(asked) : script[Math.min(number, script.length) - 1]
    if (move === undefined) throw new Error('the script of the model is empty')
    return { move, number }
  }
  const model = {
    specificationVersion: 'v4',
    provider: 'scripted',
    modelId: 'script',
    supportedUrls: {},
    asked: seen,
    async doGenerate(options: CallOptions) {
      const { move, number } = moveOf(options)
      const { content, reason } = await said(move, number, options.abortSignal)
      if (reason === null) throw new Error('the connection was lost')
      return { content, ...finish(reason), warnings: [] }
    },
    async doStream(options: CallOptions) {
      const { move, number } = moveOf(options)
      const { content, reason } = await said(move, number, options.abortSignal)
      const parts = content.flatMap((part) => ('text' in part ? spoken(part.text) : [part]))
      const end =
        reason === null
          ? { type: 'error', error: new Error('the connection was lost') }
          : { type: 'finish', ...finish(reason) }
      const start = { type: 'stream-start', warnings: [] }
      return { stream: ReadableStream.from<object>([start, ...parts, end]) }
    },
  }
  return model as unknown as ScriptedModel
}

/** What a model says, and why it ends; null: it breaks off. */
interface Said {
  readonly content: readonly ({ readonly type: 'text'; readonly text: string } | ToolPart)[]
  readonly reason: string | null
}

interface ToolPart {
  readonly type: 'tool-call'
  readonly toolCallId: string
  readonly toolName: string
  readonly input: string
}

function said(
  move: ModelMove,
  number: number,
  signal: AbortSignal | undefined,
): Said | Promise<never> {
  if ('text' in move) return text(move.text)
  if ('json' in move) return text(JSON.stringify(move.json))
  if ('fault' in move) return faulty(move.fault, signal)
  const content = move.tools.map(({ name, input }, place) => ({
    type: 'tool-call' as const,
    toolCallId: `call-${number}-${place + 1}`,
    toolName: name,
    input: typeof input === 'string' ? input : JSON.stringify(input),
  }))
  return { content, reason: 'tool-calls' }
}

function text(words: string, reason: string | null = 'stop'): Said {
  return { content: [{ type: 'text', text: words }], reason }
}

/** A text as it is streamed, word by word. */
function spoken(words: string): readonly object[] {
  const deltas = (words.match(/\s*\S+\s*/g) ?? []).map((delta) => ({
    type: 'text-delta',
    id: '1',
    delta,
  }))
  return [{ type: 'text-start', id: '1' }, ...deltas, { type: 'text-end', id: '1' }]
}

function finish(reason: string): object {
  return {
    finishReason: { unified: reason, raw: reason },
    usage: {
      inputTokens: { total: 10, noCache: 10, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 5, text: 5, reasoning: 0 },
    },
  }
}

function faulty(fault: ModelFaultName, signal: AbortSignal | undefined): Said | Promise<never> {
  switch (fault) {
    case 'malformed':
      return text('{ "half": ')
    case 'refused':
      return text('', 'content-filter')
    case 'cutOff':
      return text('And then', 'length')
    case 'rateLimited':
      throw refusal(429, { 'retry-after': '1' })
    case 'unauthorised':
      throw refusal(401)
    case 'unknownModel':
      throw refusal(404)
    case 'serverError':
      throw refusal(500)
    case 'dies':
      return text('And', null)
    case 'hangs':
      return new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(new Error('given up'))),
      )
    default:
      return assertNever(fault)
  }
}

function refusal(
  statusCode: number,
  responseHeaders: Readonly<Record<string, string>> = {},
): Error {
  const isRetryable = statusCode === 429 || statusCode >= 500
  // As the providers of the AI SDK say it.
  const name = 'AI_APICallError'
  const answer = { name, url: 'script:', statusCode, responseHeaders, isRetryable }
  return Object.assign(new Error('scripted fault'), answer)
}
