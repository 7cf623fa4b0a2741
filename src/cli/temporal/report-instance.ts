import type { CommandContext } from '../command-context.ts'
import type { ServeSettings } from '../serve/settings.ts'
import type { ServedInstance } from './served-instance.ts'

/** Tells that `aura serve --engine temporal` is ready: one line, or with `--json` one document. */
export function reportInstance(
  context: CommandContext,
  { temporal: { taskQueue }, redis, placement }: ServeSettings,
  { name: instance, host, port }: ServedInstance,
): void {
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const { databasePath: db } = context
  const { pid } = process
  const shards = redis.url === null ? null : placement.shards
  if (context.isJson) {
    context.json({ url, host, port, pid, db, engine: 'temporal', instance, taskQueue, shards })
    return
  }
  const paint = context.paintOut
  const queues =
    shards === null ? `task queue ${taskQueue}` : `shares ${shards} shards of ${taskQueue}`
  context.say(
    [
      `${paint.green('●')} ${paint.bold(url)}`,
      `on Temporal as ${instance}, ${queues}`,
      paint.dim(`pid ${pid}, token in ${db}.owner`),
    ].join('  '),
  )
}
