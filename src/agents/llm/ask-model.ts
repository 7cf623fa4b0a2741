import type { LanguageModel, LanguageModelCallOptions, ModelMessage, ToolSet } from 'ai'
import { systemClock } from '../../core/clock.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { AgentContext } from '../contract.ts'
import type { Completion, CompletionRequest } from './conversation.ts'
import { type AiModule, loadAi } from './load-ai.ts'
import { modelError } from './model-error.ts'
import { textListener } from './text-streams.ts'

/** US dollars for a million tokens. */
export interface Prices {
  readonly input?: number
  readonly output?: number
}

/** A model as it is called. */
export interface NamedModel {
  readonly name: string
  readonly open: () => Promise<LanguageModel>
  readonly prices: Prices
  /** It takes no JSON Schema: it is told the schema in words. */
  readonly isToldSchema: boolean
}

/** One answer of a model. */
export interface Answer {
  readonly text: string
  readonly finishReason: string
  readonly messages: readonly JsonObject[]
  readonly toolCalls: Completion['toolCalls']
  readonly inputTokens: number
  readonly outputTokens: number
}

/**
 * Asks once, by the AI SDK. @throws AgentCommunicationError, RefusedError, BudgetExceededError; the reason of an abort
 */
export async function askModel(
  { name, open, isToldSchema }: NamedModel,
  request: CompletionRequest,
  context: AgentContext,
): Promise<Answer> {
  const { signal } = context
  try {
    const ai = await loadAi()
    const options = {
      model: await open(),
      ...instructionsOf(request, isToldSchema),
      messages: request.messages as unknown as ModelMessage[],
      tools: toolsOf(ai, request),
      ...settingsOf(request, context),
      ...(request.output === undefined || isToldSchema
        ? {}
        : { output: ai.Output.object({ schema: ai.jsonSchema(request.output as never) }) }),
      abortSignal: signal,
      // Retries are the engine's: it records them, waits as asked and keeps the budget.
      maxRetries: 0,
    }
    const listener = textListener(request.stream ?? null)
    return listener === undefined
      ? await answerOf(ai, () => ai.generateText(options))
      : await answerOf(ai, () =>
          streamed(ai.streamText({ ...options, onError: () => {} }), listener),
        )
  } catch (thrown) {
    if (signal.aborted) throw signal.reason
    throw modelError(name, thrown, systemClock.nowMs())
  }
}

function instructionsOf({ instructions, output }: CompletionRequest, isToldSchema: boolean) {
  const told =
    output === undefined || !isToldSchema
      ? []
      : [
          `Answer with JSON that keeps to this JSON Schema, and nothing else: ${JSON.stringify(output)}`,
        ]
  const all = [...(instructions === undefined ? [] : [instructions]), ...told]
  return all.length === 0 ? {} : { instructions: all.join('\n\n') }
}

/** What both ways of asking give. */
interface Generated {
  readonly text: string
  readonly finishReason: string
  readonly usage: {
    readonly inputTokens: number | undefined
    readonly outputTokens: number | undefined
  }
  readonly toolCalls: readonly {
    readonly toolCallId: string
    readonly toolName: string
    readonly input: unknown
    readonly invalid?: boolean | undefined
    readonly error?: unknown
  }[]
  readonly response: { readonly messages: readonly { readonly role: string }[] }
}

async function answerOf(ai: AiModule, generate: () => Promise<Generated>): Promise<Answer> {
  try {
    const { text, finishReason, usage, toolCalls, response } = await generate()
    return {
      text,
      finishReason,
      ...tokensOf(usage),
      messages: asJson(response.messages.filter(({ role }) => role === 'assistant')),
      toolCalls: toolCalls.map(({ toolCallId, toolName, input, invalid, error }) => ({
        id: toolCallId,
        name: toolName,
        input: (input ?? null) as JsonValue,
        problem: invalid === true ? problemOf(error) : null,
      })),
    }
  } catch (thrown) {
    // The library has read the answer and found no JSON in it: that is judged here.
    if (!ai.NoObjectGeneratedError.isInstance(thrown) || thrown.text === undefined) throw thrown
    const { text, finishReason = 'stop', usage } = thrown
    const messages = [{ role: 'assistant', content: text }]
    const none = { inputTokens: 0, outputTokens: 0 }
    return {
      text,
      finishReason,
      messages,
      toolCalls: [],
      ...(usage === undefined ? none : tokensOf(usage)),
    }
  }
}

async function streamed(
  result: ReturnType<AiModule['streamText']>,
  listener: (delta: string) => void,
): Promise<Generated> {
  for await (const part of result.fullStream) {
    if (part.type === 'text-delta') listener(part.text)
    else if (part.type === 'error') throw part.error
  }
  const [text, finishReason, usage, toolCalls, response] = await Promise.all([
    result.text,
    result.finishReason,
    result.usage,
    result.toolCalls,
    result.response,
  ])
  return { text, finishReason, usage, toolCalls, response }
}

function tokensOf({ inputTokens, outputTokens }: Generated['usage']) {
  return { inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0 }
}

function toolsOf(ai: AiModule, { tools = [] }: CompletionRequest): ToolSet {
  return Object.fromEntries(
    tools.map(({ name, description, input }) => [
      name,
      { description, inputSchema: ai.jsonSchema(input as never) },
    ]),
  ) as ToolSet
}

/** An answer is never longer than what the budget leaves. @throws BudgetExceededError */
function settingsOf(
  request: CompletionRequest,
  { budget }: AgentContext,
): LanguageModelCallOptions {
  const settings = (request.settings ?? {}) as LanguageModelCallOptions

  const { tokensLeft } = budget
  if (tokensLeft === null) return settings
  if (tokensLeft <= 0) {
    throw new OrchestrationError('BudgetExceededError', 'no tokens are left for the model', {
      hint: 'raise the budget of the execution, the agent or the tenant',
    })
  }
  const { maxOutputTokens = tokensLeft } = settings
  return { ...settings, maxOutputTokens: Math.min(maxOutputTokens, tokensLeft) }
}

function problemOf(error: unknown): string {
  return (error instanceof Error ? error.message : 'the call is malformed').slice(0, 500)
}

function asJson(messages: readonly object[]): readonly JsonObject[] {
  return JSON.parse(JSON.stringify(messages)) as JsonObject[]
}
