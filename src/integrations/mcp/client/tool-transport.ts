import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import {
  type ActionPlan,
  type AgentTransport,
  failure,
  type TransportCall,
} from '../../../agents/index.ts'
import { messageOf } from '../../../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/json.ts'
import { idempotencyKeyMeta } from '../idempotency-key.ts'
import type { McpClientSdk } from '../load.ts'
import { callFailure } from './call-failure.ts'
import type { McpConnection } from './connection.ts'

/** The SDK counts the time of a request by itself; here the attempt's own deadline does. */
const requestMsMax = 2_147_483_647

/** Calls the tools of one MCP server. */
export class ToolTransport implements AgentTransport {
  readonly name = 'mcp'
  readonly #sdk: McpClientSdk
  readonly #connection: McpConnection
  /** Names of tools by those of actions. */
  readonly #tools: ReadonlyMap<string, string>

  constructor(sdk: McpClientSdk, connection: McpConnection, tools: ReadonlyMap<string, string>) {
    this.#sdk = sdk
    this.#connection = connection
    this.#tools = tools
  }

  /** The server is started, or reached, by the first call. */
  open(): void {}

  call(call: TransportCall, input: JsonValue): void {
    const controller = new AbortController()
    // The SDK tells the server that the call is cancelled.
    call.onCancel(() => controller.abort('the call was given up'))
    void this.#call(call, input, controller.signal)
  }

  async lookup(plan: ActionPlan, idempotencyKey: string): Promise<unknown> {
    return plan.definition.lookup?.(idempotencyKey)
  }

  /** The agent closes the connection, and waits for it. */
  close(): void {}

  async #call(call: TransportCall, input: JsonValue, signal: AbortSignal): Promise<void> {
    try {
      const client = await this.#connection.get()
      if (signal.aborted) return
      call.sent()
      const result = await client.callTool(
        {
          name: this.#tools.get(call.plan.name) ?? call.plan.name,
          arguments: isJsonObject(input) ? { ...input } : {},
          _meta: { [idempotencyKeyMeta]: call.call.idempotencyKey },
        },
        undefined,
        {
          signal,
          timeout: requestMsMax,
          onprogress({ progress, total, message }) {
            // Without a total nobody can say how far it is.
            if (total !== undefined && total > 0) call.context.progress(progress / total, message)
          },
        },
      )
      settle(call, result as CallToolResult)
    } catch (thrown) {
      const { complaint } = this.#connection
      const name = call.plan.fullName
      const { error, happened, isLost } = callFailure(this.#sdk, thrown, { name, complaint })
      if (isLost) this.#connection.close().catch(() => {}) // it is of no use either way
      call.failed(error, happened)
    }
  }
}

function settle(call: TransportCall, result: CallToolResult): void {
  const { content, structuredContent, isError = false } = result
  const text = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n')
  if (!isError) {
    call.returned(structuredContent ?? { text, content })
    return
  }
  // The tool has answered: nothing is open, but a second call of one that acts once would be another act.
  const retryable = call.plan.effect !== 'once'
  const message = messageOf(`${call.plan.fullName} failed: ${text || 'it says nothing more'}`)
  const details: JsonObject | undefined = isJsonObject(structuredContent)
    ? { structuredContent }
    : undefined
  const described = failure('AgentError', message, {
    retryable,
    ...(details === undefined ? {} : { details }),
  })
  call.failed(described, 'done')
}
