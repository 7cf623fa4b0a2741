import { loadOptional } from '../../core/optional-package.ts'

const packages = ['@modelcontextprotocol/sdk@1.32.2'] as const

/** What this room uses of `@modelcontextprotocol/sdk` to be a client. */
export interface McpClientSdk {
  readonly Client: (typeof import('@modelcontextprotocol/sdk/client/index.js'))['Client']
  readonly StdioClientTransport: (typeof import('@modelcontextprotocol/sdk/client/stdio.js'))['StdioClientTransport']
  readonly StreamableHTTPClientTransport: (typeof import('@modelcontextprotocol/sdk/client/streamableHttp.js'))['StreamableHTTPClientTransport']
  readonly StreamableHTTPError: (typeof import('@modelcontextprotocol/sdk/client/streamableHttp.js'))['StreamableHTTPError']
  readonly McpError: (typeof import('@modelcontextprotocol/sdk/types.js'))['McpError']
}

/** What it uses to be a server. */
export interface McpServerSdk {
  readonly Server: (typeof import('@modelcontextprotocol/sdk/server/index.js'))['Server']
  readonly StdioServerTransport: (typeof import('@modelcontextprotocol/sdk/server/stdio.js'))['StdioServerTransport']
  readonly WebStandardStreamableHTTPServerTransport: (typeof import('@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'))['WebStandardStreamableHTTPServerTransport']
  readonly types: typeof import('@modelcontextprotocol/sdk/types.js')
}

/**
 * The client half of the SDK, loaded when it is first needed.
 *
 * @param load for tests. @throws UsageError that says what to install when it is not there
 */
export function loadMcpClient(
  load: () => Promise<McpClientSdk> = importClient,
): Promise<McpClientSdk> {
  return loadOptional(packages, load)
}

/** As `loadMcpClient`, the server half. */
export function loadMcpServer(): Promise<McpServerSdk> {
  return loadOptional(packages, importServer)
}

async function importClient(): Promise<McpClientSdk> {
  const [client, stdio, http, types] = await Promise.all([
    import('@modelcontextprotocol/sdk/client/index.js'),
    import('@modelcontextprotocol/sdk/client/stdio.js'),
    import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
    import('@modelcontextprotocol/sdk/types.js'),
  ])
  return { ...client, ...stdio, ...http, ...types }
}

async function importServer(): Promise<McpServerSdk> {
  const [server, stdio, http, types] = await Promise.all([
    import('@modelcontextprotocol/sdk/server/index.js'),
    import('@modelcontextprotocol/sdk/server/stdio.js'),
    import('@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'),
    import('@modelcontextprotocol/sdk/types.js'),
  ])
  return { ...server, ...stdio, ...http, types }
}
