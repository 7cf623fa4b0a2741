import { Writable } from 'node:stream'
import { parseDuration } from '../../core/duration.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { serveMcp } from '../../integrations/mcp/index.ts'
import { findOwner } from '../../storage/index.ts'
import type { OwnerInfo } from '../../storage/index.ts'
import { knownAgents } from '../agents.ts'
import type { CommandContext } from '../command-context.ts'
import { ownedBy } from '../engine-access.ts'
import { exitCodes } from '../exit-code.ts'
import { listenForInterruption } from '../interruption.ts'
import { OwnerHost } from '../mcp/owner-host.ts'
import { askOwner } from '../owner-client.ts'
import { serveFile } from '../serve/serve-process.ts'
import { readSettings } from '../serve/settings.ts'
import { readWorkflowFiles } from '../serve/workflow-files.ts'

/** What the command line of `aura mcp` says. */
export interface McpOptions {
  readonly workflows?: readonly string[]
  readonly agents?: readonly string[]
  readonly config?: string
  /** A duration. */
  readonly wait: string
}

/**
 * `aura mcp`: an MCP server on the standard streams until the other side closes them. It serves the workflows of
 * the `aura serve` that owns the file; without one it owns the file itself, as `aura serve` on a free port does.
 *
 * @throws UsageError for `--agents` where another process owns the file, OwnerError when that is `aura run`
 */
export async function mcp(context: CommandContext, options: McpOptions): Promise<number> {
  const waitMs = parseDuration(options.wait)
  if (waitMs === undefined) {
    throw new OrchestrationError('UsageError', `--wait '${options.wait}' is no duration`, {
      hint: 'write for instance 50s',
    })
  }
  const { owner } = findOwner(context.databasePath)
  const open = (names: ReadonlySet<string> | null): Promise<{ readonly closed: Promise<void> }> =>
    serveMcp(
      {
        host: new OwnerHost(context, names),
        clock: context.clock,
        version: context.version,
        waitMs,
      },
      { input: process.stdin, output: protocolOutput(context) },
    )
  if (owner !== null) return serveOwners(context, { owner, options, open })
  const settings = await readSettings(context, { ...options, port: '0' })
  const ended = Promise.withResolvers<void>()
  const ready = async (names: readonly string[]): Promise<void> => {
    const { closed } = await open(settings.workflows.length === 0 ? null : new Set(names))
    context.note(`MCP on the standard streams; it owns ${context.databasePath}`)
    void closed.then(ended.resolve)
  }
  return serveFile(context, settings, { ready, ended: ended.promise })
}

/** Speaks for the `aura serve` that owns the file. */
async function serveOwners(
  context: CommandContext,
  {
    owner,
    options,
    open,
  }: {
    readonly owner: OwnerInfo
    readonly options: McpOptions
    readonly open: (names: ReadonlySet<string> | null) => Promise<{ closed: Promise<void> }>
  },
): Promise<number> {
  if (owner.kind === 'run') throw ownedBy(context.databasePath, owner)
  if (options.agents !== undefined) {
    throw new OrchestrationError('UsageError', '--agents: the owner of the file has its own', {
      hint: `give them to the 'aura serve' with pid ${owner.pid}`,
    })
  }
  const { workflows = [] } = options
  const { documents } = readWorkflowFiles(workflows, context.cwd, knownAgents([], 'warning'))
  for (const { data } of documents) {
    const body = data as unknown as JsonObject
    await askOwner(owner, { method: 'POST', path: '/v1/workflows', body })
  }
  const names = documents.map(({ data }) => data.name)
  const { closed } = await open(workflows.length === 0 ? null : new Set(names))
  context.note(`MCP on the standard streams, for 'aura serve' with pid ${owner.pid}`)
  const interruption = listenForInterruption(({ code }) => context.processEnd.now(code))
  const code = await Promise.race([
    closed.then(() => exitCodes.done),
    interruption.requested.then((interrupt) => interrupt.code),
  ])
  interruption.stopListening()
  return code
}

/** Standard output past the guard, which keeps the prints of agents away from it. */
function protocolOutput({ foreign }: CommandContext): Writable {
  return new Writable({
    decodeStrings: false,
    write(text: string | Buffer, _encoding, done) {
      foreign.rawStdout(text.toString())
      done()
    },
  })
}
