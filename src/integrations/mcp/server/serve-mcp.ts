import type { Readable, Writable } from 'node:stream'
import { loadMcpServer } from '../load.ts'
import { type McpServerOptions, newServer } from './mcp-server.ts'

/**
 * Serves workflows as MCP tools over two streams until the other side closes them.
 *
 * @throws UsageError when the SDK is not installed
 */
export async function serveMcp(
  options: McpServerOptions,
  streams: { readonly input: Readable; readonly output: Writable },
): Promise<{ readonly closed: Promise<void> }> {
  const sdk = await loadMcpServer()
  const server = newServer(sdk, options)
  const closed = Promise.withResolvers<void>()
  const end = (): void => {
    void server.close().finally(() => closed.resolve())
  }
  streams.input.once('end', end)
  streams.input.once('close', end)
  streams.output.once('error', end)
  await server.connect(new sdk.StdioServerTransport(streams.input, streams.output))
  return { closed: closed.promise }
}
