import { z } from 'zod'
import type { JsonObject, JsonValue } from '../../core/json.ts'

/** What a model may ask for. */
export interface ToolOffer {
  readonly name: string
  readonly description: string
  /** JSON Schema of its arguments. */
  readonly input: JsonObject
}

/** What a model asked for. `problem` says why it cannot be done as asked; null when it can. */
export interface ToolRequest {
  readonly id: string
  readonly name: string
  readonly input: JsonValue
  readonly problem: string | null
}

const json = z.custom<JsonObject>((value) => typeof value === 'object' && value !== null)

/** The input of a model's action `complete`. A `prompt` alone stands for one message of the user. */
export const completionRequest = z.strictObject({
  instructions: z.string().optional(),
  prompt: z.string().optional(),
  /** Messages as the AI SDK has them, in JSON. */
  messages: z.array(json).max(10_000).optional(),
  tools: z
    .array(z.strictObject({ name: z.string(), description: z.string(), input: json }))
    .max(1_000)
    .optional(),
  /** JSON Schema of the answer; absent: a text. */
  output: json.optional(),
  settings: z
    .strictObject({
      maxOutputTokens: z.number().int().positive().optional(),
      temperature: z.number().optional(),
      topP: z.number().optional(),
      topK: z.number().optional(),
      presencePenalty: z.number().optional(),
      frequencyPenalty: z.number().optional(),
      stopSequences: z.array(z.string()).optional(),
      seed: z.number().int().optional(),
    })
    .optional(),
  /** Whoever listens under this name, in the same process, hears the answer as it is written. */
  stream: z.string().optional(),
})

export type CompletionRequest = z.infer<typeof completionRequest>
export type SamplingSettings = NonNullable<CompletionRequest['settings']>

/** The output of a model's action `complete`. */
export interface Completion extends JsonObject {
  readonly text: string
  /** The parsed answer where `output` was asked for; else null. */
  readonly object: JsonValue
  /** What the model said, as messages to go on from. */
  readonly messages: readonly JsonObject[]
  readonly toolCalls: readonly (ToolRequest & JsonObject)[]
  readonly usage: {
    readonly inputTokens: number
    readonly outputTokens: number
    readonly costUsd: number
  }
}

/** A message of the user. */
export function userMessage(text: string): JsonObject {
  return { role: 'user', content: text }
}

/** What came of a tool, as the model is told. */
export function toolMessage(
  { id, name }: ToolRequest,
  outcome: { readonly value: JsonValue } | { readonly error: string },
): JsonObject {
  const output =
    'error' in outcome
      ? { type: 'error-text', value: outcome.error }
      : { type: 'json', value: outcome.value }
  const result = { type: 'tool-result', toolCallId: id, toolName: name, output }
  return { role: 'tool', content: [result] }
}
