import { OrchestrationError } from '../../core/errors.ts'
import { canonicalJson, type JsonObject, type JsonValue } from '../../core/json.ts'
import { LruCache } from '../../core/lru-cache.ts'
import { exactUsd } from '../../core/usage.ts'
import type { AgentContext } from '../contract.ts'
import { compileSchema, type SchemaCheck } from '../schema.ts'
import { type Answer, askModel, type NamedModel } from './ask-model.ts'
import { type Completion, type CompletionRequest, userMessage } from './conversation.ts'

const million = 1_000_000

/** One answer of a model, checked; what is no JSON as asked is repaired once. */
export async function complete(
  model: NamedModel,
  request: CompletionRequest,
  context: AgentContext,
): Promise<Completion> {
  const conversation = [
    ...((request.messages ?? []) as readonly JsonObject[]),
    ...(request.prompt === undefined ? [] : [userMessage(request.prompt)]),
  ]
  const usage = { inputTokens: 0, outputTokens: 0, costUsd: 0 }
  for (let repairs = 0; ; repairs++) {
    const answer = await askModel(model, { ...request, messages: conversation }, context)
    usage.inputTokens += answer.inputTokens
    usage.outputTokens += answer.outputTokens
    usage.costUsd = exactUsd(usage.costUsd + report(model, answer, context))
    checkEnd(model.name, answer.finishReason)
    const { text, messages, toolCalls } = answer
    if (request.output === undefined || toolCalls.length > 0)
      return { text, object: null, messages, toolCalls, usage }
    const read = await readObject(text, request.output)
    if ('object' in read) return { text, object: read.object, messages, toolCalls, usage }
    if (repairs > 0) throw malformed(model.name, read.problem)
    conversation.push(...messages, userMessage(repairText(read.problem)))
  }
}

/** @returns what it cost */
function report({ prices }: NamedModel, answer: Answer, { budget }: AgentContext): number {
  const { inputTokens, outputTokens } = answer
  const { input = 0, output = 0 } = prices
  const costUsd = exactUsd((inputTokens * input + outputTokens * output) / million)
  budget.report({ tokens: inputTokens + outputTokens, costUsd })
  return costUsd
}

function checkEnd(model: string, finishReason: string): void {
  if (finishReason === 'content-filter') {
    throw new OrchestrationError('RefusedError', `model '${model}' refused to answer`, {
      hint: 'its provider filters content: change the prompt, or fall back to another model',
      details: { finishReason },
    })
  }
  if (finishReason === 'length') {
    throw new OrchestrationError('AgentOutputError', `the answer of model '${model}' was cut off`, {
      hint: 'raise maxOutputTokens, or the budget that bounds it',
      details: { finishReason },
    })
  }
  if (finishReason === 'error') {
    throw new OrchestrationError('AgentCommunicationError', `model '${model}' broke off`, {
      retryable: true,
      details: { finishReason },
    })
  }
}

async function readObject(
  text: string,
  schema: JsonObject,
): Promise<{ readonly object: JsonValue } | { readonly problem: string }> {
  let object: JsonValue
  try {
    object = JSON.parse(withoutFence(text)) as JsonValue
  } catch {
    return { problem: 'it is no JSON' }
  }
  const checked = await checkOf(schema)(object)
  return checked.ok ? { object: checked.value as JsonValue } : { problem: checked.message }
}

const checks = new LruCache<string, SchemaCheck>(200)

/** Each request brings a copy of its schema: known ones are compiled once. */
function checkOf(schema: JsonObject): SchemaCheck {
  const make = (): SchemaCheck => compileSchema(schema, 'the output asked of the model')
  return checks.getOrMake(canonicalJson(schema), make)
}

/** Many models wrap JSON into a block of Markdown. */
function withoutFence(text: string): string {
  return /^\s*```(?:json)?\s*\n([\s\S]*?)\n?```\s*$/.exec(text)?.[1] ?? text
}

function repairText(problem: string): string {
  return `Your answer cannot be used: ${problem}. Answer again with nothing but JSON that keeps to the schema.`
}

function malformed(model: string, problem: string): OrchestrationError {
  const message = `model '${model}' did not answer as asked, also after one repair: ${problem}`
  return new OrchestrationError('AgentOutputError', message, {
    retryable: true,
    hint: 'make the schema simpler, or use a model with structured output',
  })
}
