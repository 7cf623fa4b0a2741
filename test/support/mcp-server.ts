/**
 * An MCP server made with the official SDK, for tests: over standard streams, or with a port as its first
 * argument over streamable HTTP. What its tools do outside is a line in the file MCP_LOG.
 */
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { z } from 'zod'

const log = (line: string): void => appendFileSync(process.env['MCP_LOG'] ?? '', `${line}\n`)
const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] })

function makeServer(): McpServer {
  const server = new McpServer(
    { name: 'outside', version: '1.2.3' },
    { instructions: 'Does things outside.' },
  )
  server.registerTool(
    'add',
    {
      description: 'Adds two numbers.',
      inputSchema: { a: z.number(), b: z.number().default(1) },
      outputSchema: { sum: z.number() },
      annotations: { readOnlyHint: true },
    },
    ({ a, b }) => ({ ...text(String(a + b)), structuredContent: { sum: a + b } }),
  )
  server.registerTool('write', { inputSchema: { line: z.string() } }, ({ line }, { _meta }) => {
    log(`${line} ${String(_meta?.['aura-orchestration/idempotency-key'])}`)
    return text('written')
  })
  server.registerTool(
    'set',
    { inputSchema: { line: z.string() }, annotations: { idempotentHint: true } },
    ({ line }) => {
      log(`set ${line}`)
      return text(line)
    },
  )
  server.registerTool(
    'die-once',
    { inputSchema: { line: z.string() }, annotations: { idempotentHint: true } },
    async ({ line }) => {
      log(line)
      if (process.env['MCP_LIVES'] !== undefined) process.kill(process.pid, 'SIGKILL')
      return text('never')
    },
  )
  server.registerTool(
    'slow',
    { annotations: { readOnlyHint: true } },
    async ({ signal, _meta, sendNotification }) => {
      const progressToken = _meta?.progressToken
      if (progressToken !== undefined) {
        const params = { progressToken, progress: 1, total: 4, message: 'a quarter' }
        await sendNotification({ method: 'notifications/progress', params })
      }
      log('slow began')
      try {
        await sleep(30_000, undefined, { signal })
      } catch {
        log('slow was cancelled')
      }
      return text('slow')
    },
  )
  server.registerTool('fail', { inputSchema: { why: z.string() } }, ({ why }) => ({
    ...text(why),
    isError: true,
  }))
  server.registerTool(
    'big',
    { inputSchema: { bytes: z.number() }, annotations: { readOnlyHint: true } },
    ({ bytes }) => text('x'.repeat(bytes)),
  )
  server.registerTool('odd/name', { annotations: { readOnlyHint: true } }, () => text('odd'))
  return server
}

const port = process.argv[2]
if (port === undefined) {
  log('server started')
  await makeServer().connect(new StdioServerTransport())
} else {
  const http = createServer((request, response) => {
    const transport = new StreamableHTTPServerTransport({})
    response.on('close', () => void transport.close())
    void makeServer()
      .connect(transport as Transport)
      .then(() => transport.handleRequest(request, response))
  })
  http.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'))
}
