import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { Tool } from '@modelcontextprotocol/sdk/types.js'
import { type AgentDefinition, type AgentSettings, BaseAgent } from '../../../agents/index.ts'
import { AgentCommunicationError, messageOf, OrchestrationError } from '../../../core/errors.ts'
import { limits } from '../../../core/limits.ts'
import { loadMcpClient } from '../load.ts'
import { McpConnection } from './connection.ts'
import { checkEndpoint, type HttpEndpoint, nameOf, type StdioEndpoint } from './endpoint.ts'
import { toolActions, type ToolDeclarations } from './tool-action.ts'
import { ToolTransport } from './tool-transport.ts'

interface McpAgentCommon extends ToolDeclarations {
  /** Kind of agent, as of `defineAgent`. */
  readonly type: string
  /** Default: the type. */
  readonly id?: string
  /** Default: the server's own instructions. */
  readonly description?: string
  readonly capabilities?: readonly string[]
  /** Limits and observability, as of `defineAgent`. */
  readonly config?: AgentSettings
  /** For the start of the server and the handshake; default 30,000. */
  readonly connectTimeoutMs?: number
}

/** What an agent is made from whose actions are the tools of an MCP server. */
export type McpAgentOptions = McpAgentCommon & (StdioEndpoint | HttpEndpoint)

const connectMs = 30_000
const toolPagesMax = 100
const descriptionCharactersMax = 2_000

/**
 * Makes an agent of an MCP server: each tool is an action with the tool's schemas. The server is asked for its
 * tools now; it is started, or reached, again by the first call, and after it has died by the next one.
 *
 * A tool's effect is what `effects` says, else what its annotations hint at, else `once`. The output of an action
 * is the tool's structured content, or `{ text, content }` where it gives none. A result with `isError` fails
 * the call: it may be tried again, but for `once`. The idempotency key of the call is in `_meta`.
 *
 * @throws AgentModuleError for a wrong definition or a declaration about a tool that there is not;
 *   AgentCommunicationError when no MCP server answers; UsageError when the SDK is not installed
 */
export async function mcpAgent(options: McpAgentOptions): Promise<BaseAgent> {
  const what = `agent '${options.id ?? options.type}'`
  checkEndpoint(options, what)
  const sdk = await loadMcpClient()
  const bytesMax = options.config?.resourceLimits?.payloadBytesMax ?? limits.payloadBytesMax
  const connection = new McpConnection({
    sdk,
    endpoint: options,
    connectTimeoutMs: options.connectTimeoutMs ?? connectMs,
    // Wide enough that what is over the payload's limit is refused by that and not by a broken connection.
    answerBytesMax: 4 * bytesMax,
  })
  try {
    const client = await connection.get()
    const actions = toolActions(await listTools(client, nameOf(options)), options, what)
    const tools = new Map(actions.map(({ name, tool }) => [name, tool]))
    const { type, id, description = client.getInstructions(), capabilities, config } = options
    const version = client.getServerVersion()?.version
    return new McpAgent(
      {
        type,
        ...(id === undefined ? {} : { id }),
        ...(version ? { version } : {}),
        ...(description ? { description: description.slice(0, descriptionCharactersMax) } : {}),
        ...(capabilities === undefined ? {} : { capabilities }),
        ...(config === undefined ? {} : { config }),
        actions: Object.fromEntries(actions.map(({ name, definition }) => [name, definition])),
      },
      { transport: new ToolTransport(sdk, connection, tools), connection },
    )
  } finally {
    await connection.close()
  }
}

/** Closed only when its server's process has ended. */
class McpAgent extends BaseAgent {
  readonly #connection: McpConnection

  constructor(
    definition: AgentDefinition,
    parts: { readonly transport: ToolTransport; readonly connection: McpConnection },
  ) {
    super(definition, parts.transport)
    this.#connection = parts.connection
  }

  protected override onClose(): Promise<void> {
    return this.#connection.close()
  }
}

async function listTools(client: Client, server: string): Promise<readonly Tool[]> {
  if (client.getServerCapabilities()?.tools === undefined) {
    throw new OrchestrationError('AgentModuleError', `MCP server '${server}' has no tools`)
  }
  const tools: Tool[] = []
  let cursor: string | undefined
  try {
    for (let page = 0; page < toolPagesMax; page++) {
      const answer = await client.listTools(cursor === undefined ? {} : { cursor })
      tools.push(...answer.tools)
      cursor = answer.nextCursor
      if (cursor === undefined) break
    }
  } catch (thrown) {
    throw new AgentCommunicationError(
      `MCP server '${server}' does not tell its tools: ${messageOf(thrown)}`,
      { cause: thrown },
    )
  }
  return tools
}
