import type { OpenedEngine } from '../../engine/index.ts'
import type { CommandContext } from '../command-context.ts'
import type { ApiServer } from '../../server/index.ts'
import { momentText } from '../terminal/duration-text.ts'
import { plainText } from '../terminal/width.ts'

/** Triggers that the line names; the others are counted. */
const namedTriggersMax = 4

/** Tells that `aura serve` is ready: one line, or with `--json` one document. */
export function reportReady(
  context: CommandContext,
  ready: {
    readonly server: ApiServer
    readonly opened: OpenedEngine
    readonly recovered: number
  },
): void {
  const { server, opened, recovered } = ready
  const triggers = opened.engine.describeTriggers()
  const url = `http://${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`
  if (context.isJson) {
    const { host, port } = server
    context.json({
      url,
      host,
      port,
      pid: process.pid,
      db: context.databasePath,
      recovered,
      triggers,
    })
    return
  }
  const paint = context.paintOut
  const armed = triggers.filter(({ fault }) => fault === null)
  const named = armed.slice(0, namedTriggersMax).map(({ workflow, schedule, event, nextMs }) => {
    const what = schedule === null ? `on ${event}` : schedule
    const next = nextMs === null ? '' : `, next ${momentText(nextMs)}`
    return `${workflow} (${plainText(what)}${next})`
  })
  const more = armed.length > named.length ? [`${armed.length - named.length} more`] : []
  const parts = [
    `${paint.green('●')} ${paint.bold(url)}`,
    `${recovered} ${recovered === 1 ? 'execution' : 'executions'} recovered`,
    armed.length === 0
      ? 'no triggers'
      : `${armed.length} ${armed.length === 1 ? 'trigger' : 'triggers'} armed: ${[...named, ...more].join(', ')}`,
    paint.dim(`pid ${process.pid}, token in ${context.databasePath}.owner`),
  ]
  context.say(parts.join('  '))
}
