import { loadAgentModules, MeshAgentHost } from '../../agents/index.ts'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import { createLogger, createTelemetry } from '../../observability/index.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { listenForInterruption } from '../interruption.ts'
import { logLevelOf } from '../log-level.ts'
import { sharedMesh } from '../mesh.ts'
import { readSettings, withSettings } from '../serve/settings.ts'
import { catchStrayErrors } from '../stray-errors.ts'

export interface AgentHostOptions {
  readonly agents?: readonly string[]
}

/** `aura agent-host`: serves the agents of modules to other processes over Kafka, until a signal. */
export async function agentHost(given: CommandContext, options: AgentHostOptions): Promise<number> {
  const settings = await readSettings(given, options)
  const context = withSettings(given, settings)
  const { agents: modules } = settings
  const interruption = listenForInterruption(({ code }) => context.processEnd.now(code))
  const telemetry = createTelemetry({ clock: context.clock })
  const logger = createLogger({
    level: logLevelOf(context.env.AURA_LOG_LEVEL, 'info'),
    stream: { write: (text) => context.stderr.write(text), isTTY: context.stderr.isTTY === true },
    clock: context.clock,
  })
  if (modules.length === 0) throw nothingToHost()
  const agents = await loadAgentModules(modules, { cwd: context.cwd })
  const mesh = await sharedMesh(context, telemetry, logger)
  if (mesh === null) throw noBroker()
  const { clock } = context
  const host = new MeshAgentHost({ mesh, agents, clock, logger })
  const stray = catchStrayErrors(logger, context.processEnd, (thrown) => {
    context.note(`${messageOf(thrown)}; callers judge by effect what became of their calls`)
  })
  try {
    await host.open()
    const names = agents.map(({ id, type, actions }) => ({ id, type, actions }))
    if (context.isJson) context.json({ hostId: host.id, agents: names })
    else context.say(`host ${host.id} serves ${names.map(({ id }) => id).join(', ')}`)
    await interruption.requested
    logger.log('info', 'going down: no new calls, what runs may finish')
  } finally {
    await host.close()
    await mesh.close()
    stray.stopListening()
    interruption.stopListening()
  }
  return exitCodes.done
}

function nothingToHost(): OrchestrationError {
  return new OrchestrationError('UsageError', 'there are no agents to host', {
    hint: 'aura agent-host --agents MODULE',
  })
}

function noBroker(): OrchestrationError {
  return new OrchestrationError(
    'UsageError',
    'agent-host needs a mesh that other processes share',
    {
      hint: 'set KAFKA_BROKERS=host:port; on this machine: npm run services:up kafka',
    },
  )
}
