import type { Tool } from '@modelcontextprotocol/sdk/types.js'
import { type ActionDefinition, compileSchema, type Effect } from '../../../agents/index.ts'
import { isOrchestrationError, OrchestrationError } from '../../../core/errors.ts'
import { isJsonObject, type JsonObject } from '../../../core/json.ts'
import { nearestOrAll } from '../../../core/nearest.ts'
import { own } from '../../../core/own.ts'

/** What a user says of tools, by their names. */
export interface ToolDeclarations {
  /** What a second call of a tool means; goes before what the server says of it. */
  readonly effects?: Readonly<Record<string, Effect>>
  /** Tells what became of an earlier call, as `lookup` of any action. */
  readonly lookups?: Readonly<Record<string, (idempotencyKey: string) => unknown>>
  /** Takes only these tools; default all. */
  readonly tools?: readonly string[]
}

/** A tool as an action of the agent. */
export interface ToolAction {
  readonly tool: string
  readonly name: string
  readonly definition: ActionDefinition
}

const actionNameCharactersMax = 100

/**
 * The tools of a server as actions. A name that is none of an action has its other characters made `-`.
 *
 * @throws AgentModuleError for a declaration about a tool that there is not, and for tools whose names become one
 */
export function toolActions(
  tools: readonly Tool[],
  declared: ToolDeclarations,
  what: string,
): readonly ToolAction[] {
  const known = tools.map(({ name }) => name)
  const wanted = declared.tools ?? known
  const said = [
    ...wanted,
    ...Object.keys(declared.effects ?? {}),
    ...Object.keys(declared.lookups ?? {}),
  ]
  for (const name of said) {
    if (known.includes(name)) continue
    const hint = nearestOrAll(name, known)
    throw new OrchestrationError(
      'AgentModuleError',
      `${what}: the server has no tool '${name}'`,
      hint === null ? {} : { hint },
    )
  }
  const taken = new Map<string, string>()
  return tools
    .filter(({ name }) => wanted.includes(name))
    .map((tool) => {
      const name = actionName(tool.name)
      const other = taken.get(name)
      if (other !== undefined) {
        throw new OrchestrationError(
          'AgentModuleError',
          `${what}: tools '${other}' and '${tool.name}' would both be the action '${name}'`,
          { hint: 'take one of them with tools: [...]' },
        )
      }
      taken.set(name, tool.name)
      return { tool: tool.name, name, definition: definitionOf(tool, declared) }
    })
}

/**
 * What a second call of a tool means, by the server's hints alone: `read` for one that says it changes nothing,
 * `idempotent` for one that says so, `once` for every other.
 */
function hintedEffect({ annotations }: Pick<Tool, 'annotations'>): Effect {
  if (annotations?.readOnlyHint === true) return 'read'
  return annotations?.idempotentHint === true ? 'idempotent' : 'once'
}

function definitionOf(
  tool: Tool,
  { effects = {}, lookups = {} }: ToolDeclarations,
): ActionDefinition {
  const input = usable(tool.inputSchema)
  const output = usable(tool.outputSchema)
  const lookup = own(lookups, tool.name)
  const { description = tool.title ?? '' } = tool
  return {
    ...(description === '' ? {} : { description }),
    effect: own(effects, tool.name) ?? hintedEffect(tool),
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
    ...(lookup === undefined ? {} : { lookup }),
  }
}

/** A schema in a dialect that is not understood here is left to the server, which checks by it anyway. */
function usable(schema: unknown): JsonObject | undefined {
  if (!isJsonObject(schema)) return undefined
  const { $schema: _, ...plain } = schema
  try {
    compileSchema(plain, 'schema')
    return plain
  } catch (thrown) {
    if (isOrchestrationError(thrown)) return undefined
    throw thrown
  }
}

function actionName(tool: string): string {
  const plain = tool.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, actionNameCharactersMax)
  return /^[A-Za-z]/.test(plain) ? plain : `t${plain}`.slice(0, actionNameCharactersMax)
}
