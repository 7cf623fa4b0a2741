import { isOrchestrationError, messageOf, OrchestrationError } from '../../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import type { BaseAgent } from '../base-agent.ts'
import type { ActionDefinition, AgentContext, Schema } from '../contract.ts'
import { moduleError } from '../module-error.ts'
import { compileSchema, jsonSchemaOf, type SchemaCheck } from '../schema.ts'
import type { ToolOffer } from './conversation.ts'

/** An action of some agent that a model may ask for. */
export interface ToolDefinition {
  readonly agent: string
  /** Absent: every action of the agent is a tool, named `<name>_<action>`; for instance those of an MCP server. */
  readonly action?: string
  /** What it is for: what the model chooses by. Default what the action, else its agent, says of itself. */
  readonly description?: string
  /** Of its arguments, an object; default what the action takes. */
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

/** Looks up an agent, as its registry resolves it. */
export type FindAgent = (name: string) => BaseAgent | undefined

/** @throws AgentModuleError for a bad name or schema */
export function checkTools(type: string, tools: { readonly [name: string]: ToolDefinition }): void {
  for (const [name, { input }] of Object.entries(tools)) {
    const what = `agent '${type}', tool '${name.slice(0, 100)}'`
    if (!namePattern.test(name))
      throw moduleError(`${what}: a name is a letter and up to 63 of A-Z a-z 0-9 _ -`)
    if (input === undefined) continue
    jsonSchemaOf(input, what)
    compileSchema(input, what)
  }
}

/**
 * The tools as the registry has their actions now.
 *
 * @throws AgentUnavailableError for an agent or action that it does not have
 */
export function offeredTools(
  tools: { readonly [name: string]: ToolDefinition },
  find: FindAgent,
): readonly Tool[] {
  return Object.entries(tools).flatMap(([name, tool]) => {
    if (tool.action !== undefined) return [offered(name, tool, { action: tool.action, find })]
    const actions = find(tool.agent)?.actions
    if (actions === undefined) throw notThere(name, `agent '${tool.agent}'`)
    return actions.map((action) => {
      const full = `${name}_${action}`.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 64)
      return offered(full, tool, { action, find })
    })
  })
}

function offered(
  name: string,
  { agent, description, input }: ToolDefinition,
  { action, find }: { readonly action: string; readonly find: FindAgent },
): Tool {
  const what = `tool '${name}'`
  const owner = find(agent)
  const definition = owner?.definition(action)
  if (definition === undefined) throw notThere(name, `action '${action}' of agent '${agent}'`)
  const schema = input ?? definition.input
  return {
    name,
    agent,
    action,
    description: description ?? definition.description ?? owner?.description ?? action,
    input: schema === undefined ? { type: 'object' } : jsonSchemaOf(schema, what),
    check: schema === undefined ? null : compileSchema(schema, what),
  }
}

function notThere(tool: string, what: string): OrchestrationError {
  const message = `tool '${tool}' needs ${what}, which is not registered here`
  return new OrchestrationError('AgentUnavailableError', message, {
    hint: 'register it with this engine: --agents MODULE, or `agents` of openEngine',
  })
}

/** What became of a tool; a failure is told to the model, which decides what comes of it. */
export type ToolOutcome = { readonly value: JsonValue } | { readonly error: string }

/**
 * Uses a tool, as an action: so its outcome is recorded as the model was told it, a failure too, and a repeat of
 * the conversation hears the same. Within it the call of the agent is one in the ledger.
 */
export function useTool(offers: () => readonly Tool[]): ActionDefinition {
  return {
    effect: 'idempotent',
    run: async (
      { name, input }: { readonly name: string; readonly input: JsonValue },
      context: AgentContext,
    ): Promise<ToolOutcome> => {
      const tools = offers()
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
