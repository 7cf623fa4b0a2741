import { OrchestrationError } from '../../../core/errors.ts'

/** A server that is started as a process and spoken to over its standard streams. */
export interface StdioEndpoint {
  readonly command: string
  readonly args?: readonly string[]
  /** Beside HOME, LOGNAME, PATH, SHELL, TERM and USER of this process, which it always has. */
  readonly env?: Readonly<Record<string, string>>
  /** Default: the folder of this process. */
  readonly cwd?: string
}

/** A server that is there already and spoken to over streamable HTTP. */
export interface HttpEndpoint {
  readonly url: string
  /** Sent with every request, credentials for instance. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Where an MCP server is: either `command` or `url`. */
export type McpEndpoint = StdioEndpoint | HttpEndpoint

/** @throws AgentModuleError for neither or both of `command` and `url`, and for what is no http URL */
export function checkEndpoint(endpoint: Partial<StdioEndpoint & HttpEndpoint>, what: string): void {
  const { command, url } = endpoint
  if ((command === undefined) === (url === undefined)) {
    throw new OrchestrationError('AgentModuleError', `${what}: it needs either command or url`)
  }
  if (url === undefined) return
  const parsed = URL.parse(url)
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) return
  throw new OrchestrationError('AgentModuleError', `${what}: '${url}' is no http or https URL`)
}

/** As messages name it. */
export function nameOf(endpoint: McpEndpoint): string {
  if ('url' in endpoint) return endpoint.url
  return [endpoint.command, ...(endpoint.args ?? [])].join(' ')
}
