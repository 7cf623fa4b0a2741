export type { HttpEndpoint, StdioEndpoint } from './client/endpoint.ts'
export { mcpAgent, type McpAgentOptions } from './client/mcp-agent.ts'
export type { ToolDeclarations } from './client/tool-action.ts'
