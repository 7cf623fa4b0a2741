import type { JsonValue } from '../../core/json.ts'
import type { BaseAgent } from '../base-agent.ts'
import type { AgentSettings } from '../configuration.ts'
import type { AgentContext, Effect, Schema } from '../contract.ts'
import { defineAgent, type InputOf } from '../define-agent.ts'
import { jsonSchemaOf } from '../schema.ts'
import type { SamplingSettings } from './conversation.ts'
import { converse, type Dialogue } from './converse.ts'
import { checkTools, offeredTools, toolAction, type ToolDefinition, useTool } from './tools.ts'

/** A piece of an answer as it is written, and which. A turn that is asked once more is written anew. */
export interface TextDelta {
  readonly executionId: string
  readonly stepId: string
  readonly action: string
  /** Answers of the model in this call, from 1. */
  readonly turn: number
  readonly text: string
}

/** One thing that an LLM agent can be asked for. */
export interface LlmAction<S = undefined> {
  /** Default `idempotent`: everything that it calls is recorded and happens once. */
  readonly effect?: Effect
  readonly input?: S
  /** The shape of the answer; absent: a text. */
  readonly output?: Schema
  /** Default: the agent's. */
  readonly instructions?: string
  /** What the model is asked; default the input, as it is where it is a text, else as JSON. */
  prompt?(this: void, input: InputOf<S>): string
  /** Names of the agent's tools that it may use; default all. */
  readonly tools?: readonly string[]
  readonly settings?: SamplingSettings
  /** Reserved in every budget for a whole call; default 0. */
  readonly maxTokens?: number
  readonly maxCostUsd?: number
}

export interface LlmAgentDefinition<Inputs> {
  readonly type: string
  readonly id?: string
  readonly version?: string
  readonly description?: string
  readonly capabilities?: readonly string[]
  readonly examples?: readonly string[]
  /** The agent that is its model: see `defineModel`. */
  readonly model: string
  readonly instructions?: string
  readonly tools?: { readonly [name: string]: ToolDefinition }
  readonly actions: { readonly [Name in keyof Inputs]: LlmAction<Inputs[Name]> }
  /** Answers of the model that one call takes at most; default 16. */
  readonly turnsMax?: number
  /** Hears answers as they are written, where the model runs in the same process. */
  readonly onText?: (delta: TextDelta) => void
  readonly config?: AgentSettings
}

const turnsMaxDefault = 16

/**
 * Makes an agent whose actions are prompts. A call is a conversation with its model, which may use tools: actions
 * of other agents. Each answer of the model and each use of a tool is a call of its own in the ledger: after a
 * crash the conversation goes on where it was, no answer is paid twice, and a tool that may be used once is.
 *
 * A conversation belongs to its prompt: a call that has begun under another prompt is refused with advice.
 *
 * Errors: those of `complete` (`defineModel`), final here, since the model's own retries are over; AgentOutputError
 * after `turnsMax` answers.
 *
 * @throws AgentModuleError when the definition is wrong
 */
export function defineLlmAgent<Inputs>(definition: LlmAgentDefinition<Inputs>): BaseAgent {
  const { type, model, instructions, turnsMax = turnsMaxDefault, onText, ...rest } = definition
  const { actions, tools = {}, ...about } = rest
  checkTools(type, tools)
  const find = (name: string): BaseAgent | undefined => agent.host.find(name)
  const made = Object.entries(actions as Readonly<Record<string, LlmAction<never>>>).map(
    ([name, action]) => {
      const dialogue: Dialogue = {
        self: () => agent.id,
        action: name,
        model,
        instructions: action.instructions ?? instructions,
        tools: () => offeredTools(allowed(tools, action.tools), find),
        output:
          action.output === undefined ? undefined : jsonSchemaOf(action.output, `${type}.${name}`),
        settings: action.settings,
        turnsMax,
        onText,
      }
      return [name, actionOf(action, dialogue)] as const
    },
  )
  const hasTools = Object.keys(tools).length > 0
  const toolUse = hasTools ? { [toolAction]: useTool(() => offeredTools(tools, find)) } : {}
  const agent: BaseAgent = defineAgent({
    ...about,
    type,
    actions: { ...Object.fromEntries(made), ...toolUse },
  })
  return agent
}

function allowed<T>(all: { readonly [name: string]: T }, names: readonly string[] | undefined) {
  if (names === undefined) return all
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)))
}

function actionOf(
  { effect = 'idempotent', input, output, ...action }: LlmAction<never>,
  dialogue: Dialogue,
) {
  const { maxTokens, maxCostUsd, prompt = promptOf } = action
  return {
    effect,
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(maxCostUsd === undefined ? {} : { maxCostUsd }),
    run: (given: never, context: AgentContext) => converse(dialogue, prompt(given), context),
  }
}

function promptOf(input: JsonValue | object): string {
  return typeof input === 'string' ? input : JSON.stringify(input, null, 2)
}
