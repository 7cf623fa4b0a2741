import { isOrchestrationError, messageOf } from '../../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import type { ActionDefinition, AgentContext, Schema } from '../contract.ts'
import { moduleError } from '../module-error.ts'
import { compileSchema, jsonSchemaOf, type SchemaCheck } from '../schema.ts'
import type { ToolOffer } from './conversation.ts'

/** An action of some agent that a model may ask for. */
export interface ToolDefinition {
  readonly agent: string
  readonly action: string
  /** What it is for: what the model chooses by. */
  readonly description: string
  /** Of its arguments, an object; default any. */
  readonly input?: Schema
}

/** A tool that is ready for use. */
export interface Tool extends ToolOffer {
  readonly agent: string
  readonly action: string
  readonly check: SchemaCheck | null
}

/** The action of an LLM agent by which its tools are used; not for others to call. */
export const toolAction = 'use-tool'

const namePattern = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

/** @throws AgentModuleError for a bad name or schema */
export function checkedTools(
  type: string,
  tools: { readonly [name: string]: ToolDefinition },
): readonly Tool[] {
  return Object.entries(tools).map(([name, { agent, action, description, input }]) => {
    const what = `agent '${type}', tool '${name.slice(0, 100)}'`
    if (!namePattern.test(name))
      throw moduleError(`${what}: a name is a letter and up to 63 of A-Z a-z 0-9 _ -`)
    return {
      name,
      agent,
      action,
      description,
      input: input === undefined ? { type: 'object' } : jsonSchemaOf(input, what),
      check: input === undefined ? null : compileSchema(input, what),
    }
  })
}

/** What became of a tool; a failure is told to the model, which decides what comes of it. */
export type ToolOutcome = { readonly value: JsonValue } | { readonly error: string }

/**
 * Uses a tool, as an action: so its outcome is recorded as the model was told it, a failure too, and a repeat of
 * the conversation hears the same. Within it the call of the agent is one in the ledger.
 */
export function useTool(tools: readonly Tool[]): ActionDefinition {
  return {
    effect: 'idempotent',
    run: async (
      { name, input }: { readonly name: string; readonly input: JsonValue },
      context: AgentContext,
    ): Promise<ToolOutcome> => {
      const tool = tools.find((one) => one.name === name)
      if (tool === undefined) return { error: unknownTool(name, tools) }
      if (!isJsonObject(input)) return { error: 'the arguments must be an object' }
      const checked = (await tool.check?.(structuredClone(input))) ?? { ok: true, value: input }
      if (!checked.ok) return { error: `the arguments are wrong: ${checked.message}` }
      try {
        return { value: await context.call(tool.agent, tool.action, checked.value as JsonObject) }
      } catch (thrown) {
        // An end of this call, not of the tool.
        if (context.signal.aborted || !isOrchestrationError(thrown)) throw thrown
        return { error: `${thrown.code}: ${messageOf(thrown)}` }
      }
    },
  }
}

function unknownTool(name: string, tools: readonly Tool[]): string {
  return `there is no tool '${name.slice(0, 64)}'; there are ${tools.map((tool) => tool.name).join(', ')}`
}
