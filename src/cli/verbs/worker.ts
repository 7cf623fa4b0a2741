import { createLogger } from '../../observability/index.ts'
import { agentsOf } from '../agents.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { listenForInterruption } from '../interruption.ts'
import { logLevelOf } from '../log-level.ts'
import { readSettings, withSettings } from '../serve/settings.ts'
import { type TemporalFlags, temporalPlace } from '../temporal/place.ts'

export interface WorkerOptions extends TemporalFlags {
  readonly agents?: readonly string[]
}

/** How long calls may go on after Ctrl-C before they are left to other workers. */
const graceMs = 10_000

/** `aura worker`: drives executions of a task queue of Temporal with the agents of this process, until a signal. */
export async function worker(given: CommandContext, options: WorkerOptions): Promise<number> {
  const settings = await readSettings(given, options)
  const context = withSettings(given, settings)
  const place = temporalPlace(settings.temporal)
  const { clock, env } = context
  const agents = await agentsOf(context, settings.agents)
  const logger = createLogger({
    level: logLevelOf(env['AURA_LOG_LEVEL'], 'warn'),
    stream: {
      write: (text) => context.note(text.trimEnd()),
      isTTY: context.stderr.isTTY === true,
    },
    clock,
  })
  const interruption = listenForInterruption(({ code }) => context.processEnd.now(code))
  try {
    const { openTemporalWorker } = await import('../../integrations/temporal/index.ts')
    const opened = await openTemporalWorker({ ...place, agents, logger, clock, graceMs })
    const ids = agents.map(({ id }) => id)
    if (context.isJson) context.json({ ...place, agents: ids })
    else {
      const { taskQueue, address } = place
      context.say(`works for task queue '${taskQueue}' of Temporal at ${address}`)
      context.say(`agents: ${ids.join(', ')}`)
    }
    await Promise.race([opened.stopped, interruption.requested])
    await opened.close()
  } finally {
    interruption.stopListening()
  }
  return exitCodes.done
}
