import { a2aMounts } from '../../integrations/a2a/index.ts'
import { mcpMounts } from '../../integrations/mcp/index.ts'
import type { ApiServerOptions } from '../../server/index.ts'
import type { CommandContext } from '../command-context.ts'
import { OwnerHost } from '../mcp/owner-host.ts'
import { servedTasks, type ServedTasksParts } from './served-tasks.ts'

/** How long a call over MCP waits for the end of its execution. */
const mcpWaitMs = 50_000

/** What `aura serve` speaks beside its own API: A2A and MCP. Their libraries load with the first request. */
export function servedProtocols(
  context: CommandContext,
  parts: ServedTasksParts,
): Pick<ApiServerOptions, 'mounts'> {
  const { clock, version } = context
  const host = new OwnerHost(context, null)
  return {
    mounts: [
      ...a2aMounts(servedTasks(context, parts)),
      ...mcpMounts({ host, clock, version, waitMs: mcpWaitMs }),
    ],
  }
}
