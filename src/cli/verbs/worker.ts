import { createLogger, createTelemetry } from '../../observability/index.ts'
import { agentsOf } from '../agents.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { listenForInterruption } from '../interruption.ts'
import { logLevelOf } from '../log-level.ts'
import { readSettings, withSettings } from '../serve/settings.ts'
import { refuseUnkept } from '../temporal/obeyed-settings.ts'
import { openWorkerStores } from '../temporal/worker-stores.ts'
import { type TemporalFlags, temporalPlace } from '../temporal/place.ts'
import { openWorkerMesh } from '../temporal/worker-mesh.ts'

export interface WorkerOptions extends TemporalFlags {
  readonly agents?: readonly string[]
  readonly deployment?: string
}

/** How long calls may go on after Ctrl-C before they are left to other workers. */
const graceMs = 10_000

/** `aura worker`: drives executions of a task queue of Temporal with the agents of this process, until a signal. */
export async function worker(given: CommandContext, options: WorkerOptions): Promise<number> {
  const settings = await readSettings(given, options)
  const context = withSettings(given, settings)
  refuseUnkept(settings)
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
  const outside = await openWorkerMesh(context, createTelemetry({ clock }), logger)
  const stores = await openWorkerStores(settings, clock)
  try {
    const { openTemporalWorker } = await import('../../integrations/temporal/index.ts')
    const { deployment } = options
    const versioning = deployment === undefined ? {} : { versioning: { deployment } }
    const opened = await openTemporalWorker({
      ...place,
      ...stores.options,
      ...versioning,
      agents,
      logger,
      clock,
      graceMs,
      ...(outside === null ? {} : { mesh: outside.mesh, tda: outside.tda }),
    })
    const { buildId } = opened
    const ids = agents.map(({ id }) => id)
    if (context.isJson) context.json({ ...place, agents: ids, buildId })
    else {
      const { taskQueue, address } = place
      context.say(`works for task queue '${taskQueue}' of Temporal at ${address}`)
      context.say(`agents: ${ids.join(', ')}`)
      if (buildId !== null)
        context.say(
          `takes executions once it is current: temporal worker deployment set-current-version --deployment-name ${deployment} --build-id ${buildId}`,
        )
    }
    await Promise.race([opened.stopped, interruption.requested])
    await opened.close()
  } finally {
    await stores.close()
    await outside?.close()
    interruption.stopListening()
  }
  return exitCodes.done
}
