import type { HttpMount, MountAnswer, MountRequest } from '../../../core/contracts/http-mount.ts'
import { loadMcpServer } from '../load.ts'
import { type McpServerOptions, newServer } from './mcp-server.ts'

const path = '/mcp'

/**
 * MCP over streamable HTTP at `/mcp`, without sessions: every request is answered by a server of its own, so it
 * may go to whoever owns the file next. The SDK is loaded by the first request.
 */
export function mcpMounts(options: McpServerOptions): readonly HttpMount[] {
  return [
    { method: 'POST', path, isPublic: false, handle: (request) => answer(options, request) },
    // Without a session there is nothing to listen to.
    { method: 'GET', path, isPublic: false, handle: refuse },
  ]
}

async function refuse(): Promise<MountAnswer> {
  return { kind: 'json', status: 405, body: null }
}

async function answer(options: McpServerOptions, request: MountRequest): Promise<MountAnswer> {
  const sdk = await loadMcpServer()
  const server = newServer(sdk, options)
  const transport = new sdk.WebStandardStreamableHTTPServerTransport({})
  await server.connect(transport)
  const close = (): void => void server.close()
  request.signal.addEventListener('abort', close, { once: true })
  const response = await transport.handleRequest(
    new Request(`${request.origin}${path}`, {
      method: 'POST',
      headers: Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
        typeof value === 'string' ? [[name, value]] : [],
      ),
      body: request.text,
    }),
  )
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  if (isStream && response.body !== null) {
    return { kind: 'events', frames: framesOf(response.body, close) }
  }
  const text = await response.text()
  close()
  return { kind: 'json', status: response.status, body: text === '' ? null : JSON.parse(text) }
}

async function* framesOf(
  body: ReadableStream<Uint8Array>,
  close: () => void,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  try {
    for await (const bytes of body) yield decoder.decode(bytes, { stream: true })
  } finally {
    close()
  }
}
