import { z } from 'zod'
import type { TdaContext } from '../../../core/contracts/tda.ts'
import { toErrorJson } from '../../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../../core/json.ts'
import type { CallEnd } from '../run/graph-calls.ts'

/** A part of a task, for one worker. */
export interface Subtask {
  readonly id: string
  /** What a worker must be able to do; null for any worker. */
  readonly capability: string | null
  readonly task: string
}

/** Makes a subtask where one of its words stands in the task, or one of its patterns is in the TDA context. */
export interface DecompositionRule {
  readonly capability: string
  /** Compared without regard to case, as whole words. */
  readonly words?: readonly string[]
  /** Compared with `kind` and `name` of current patterns and anomalies. */
  readonly patterns?: readonly string[]
}

/** The part of a LangChain chat model that is used. */
export interface DecompositionModel {
  invoke(prompt: string): Promise<{ readonly content: unknown }>
}

/** What a task was broken into, and by whom. */
export interface Decomposition {
  readonly subtasks: readonly Subtask[]
  readonly by: 'model' | 'agent' | 'rules'
  /** Why not by the one that was asked first; null when it was. */
  readonly degraded: string | null
}

export interface DecomposeOptions {
  readonly capabilities: readonly string[]
  readonly rules: readonly DecompositionRule[]
  readonly model: DecompositionModel | null
  /** Calls the orchestrator's own action; null when it has none. */
  readonly agent: ((input: JsonValue) => Promise<CallEnd>) | null
}

const answer = z.object({
  subtasks: z
    .array(z.object({ capability: z.string().nullable().default(null), task: z.string().min(1) }))
    .min(1)
    .max(100),
})

/**
 * Breaks a task into subtasks: by the model where there is one, else by the orchestrator's action `decompose`,
 * else, and when those fail, by rules. Each is given the current TDA patterns. Never rejects.
 */
export async function decompose(
  task: string,
  tda: TdaContext,
  options: DecomposeOptions,
): Promise<Decomposition> {
  const { model, agent, capabilities } = options
  const byOwnRules = (degraded: string | null): Decomposition => {
    return { subtasks: byRules(task, tda, options.rules), by: 'rules', degraded }
  }
  if (model === null && agent === null) return byOwnRules(null)
  const by = model === null ? 'agent' : 'model'
  const given = { task, capabilities, patterns: patternsOf(tda) }
  const end =
    model === null ? await agent?.(given) : await byModel(model, task, { tda, capabilities })
  if (end?.isOk !== true) return byOwnRules(`${by}: ${end?.error.message ?? 'no answer'}`)
  const read = answer.safeParse(end.output)
  if (!read.success) return byOwnRules(`${by}: ${z.prettifyError(read.error)}`)
  const subtasks = read.data.subtasks.map((part, index) => ({ id: `s${index + 1}`, ...part }))
  return { subtasks, by, degraded: null }
}

async function byModel(
  model: DecompositionModel,
  task: string,
  { tda, capabilities }: { readonly tda: TdaContext; readonly capabilities: readonly string[] },
): Promise<CallEnd> {
  const prompt = [
    'Break the task into subtasks, one for each capability that it needs.',
    `Capabilities: ${capabilities.join(', ')}.`,
    `Current patterns and anomalies: ${JSON.stringify(patternsOf(tda))}.`,
    'Answer with JSON only: {"subtasks":[{"capability":"…","task":"…"}]}.',
    `Task: ${task}`,
  ].join('\n')
  try {
    const { content } = await model.invoke(prompt)
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    // Models like to wrap JSON in a fence.
    const json = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)
    return { isOk: true, output: JSON.parse(json) as JsonValue }
  } catch (thrown) {
    return { isOk: false, error: toErrorJson(thrown) }
  }
}

function byRules(
  task: string,
  tda: TdaContext,
  rules: readonly DecompositionRule[],
): readonly Subtask[] {
  const words = new Set(task.toLowerCase().split(/[^\p{L}\p{N}_-]+/u))
  const seen = new Set(patternsOf(tda).flatMap(({ kind, name }) => [kind, name]))
  const isMet = ({ words: wanted = [], patterns = [] }: DecompositionRule): boolean =>
    wanted.some((word) => words.has(word.toLowerCase())) || patterns.some((name) => seen.has(name))
  const met = [...new Set(rules.filter(isMet).map(({ capability }) => capability))]
  const capabilities = met.length > 0 ? met : [null]
  return capabilities.map((capability, index) => ({ id: `s${index + 1}`, capability, task }))
}

function patternsOf({ patterns, anomalies }: TdaContext): readonly JsonObject[] {
  return [...patterns, ...anomalies]
}
