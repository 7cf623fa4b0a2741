import { AgentRegistry, type BaseAgent } from '../../agents/index.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { EventSink } from '../../core/contracts/events.ts'
import type { TdaContextSource } from '../../core/contracts/tda.ts'
import { type Logger, type LogLevel, silentLogger } from '../../core/logger.ts'
import { activitiesOf } from './activities.ts'
import { workflowBundle } from './bundle.ts'
import { converterOf, outOfReach, type TemporalPlace } from './connect.ts'
import { loadWorker, type WorkerModule } from './load.ts'

export interface OpenWorkerOptions extends TemporalPlace {
  /** Default `aura`. All workers of a queue have the same agents. */
  readonly taskQueue?: string
  readonly agents: readonly BaseAgent[]
  /** What agents and planning are told of anomalies, such as a `MeshTdaClient`. Default: nothing is known. */
  readonly tda?: TdaContextSource
  /** Where what executions publish goes; it belongs to the caller. Default: it is recorded and not sent. */
  readonly mesh?: EventSink
  /** Default: nothing is logged. */
  readonly logger?: Logger
  readonly clock?: Clock
  /** How long calls may go on once the worker is closed; then they are lost to it. Default 0. */
  readonly graceMs?: number
}

/** A process that drives executions and calls agents for them. */
export interface TemporalWorker {
  /** Resolves when it has stopped; rejects when it stops by a fault. */
  readonly stopped: Promise<void>
  /** Takes nothing more, gives what it has up after `graceMs`, and stops its agents. */
  close(): Promise<void>
}

export const defaultTaskQueue = 'aura'

/** A call hears of its cancellation with a heartbeat, so these are not held back for longer. */
const heartbeatThrottleMs = 500

/**
 * Starts a worker. Ready when it resolves, which takes some seconds: the code of the sandbox is made first.
 *
 * @throws UsageError when a package is missing; StorageError when Temporal does not answer
 */
export async function openTemporalWorker(options: OpenWorkerOptions): Promise<TemporalWorker> {
  const { address, namespace = 'default', taskQueue = defaultTaskQueue } = options
  const { clock = systemClock, logger = silentLogger } = options
  const { worker: module, activity } = await loadWorker()
  installRuntime(module, logger)
  const connection = await module.NativeConnection.connect({ address }).catch((thrown: unknown) => {
    throw outOfReach(address, thrown)
  })
  const registry = new AgentRegistry({ clock, logger })
  for (const agent of options.agents) registry.register(agent)
  await registry.start()
  const worker = await module.Worker.create({
    connection,
    namespace,
    ...converterOf(options),
    taskQueue,
    workflowBundle: await workflowBundle(module),
    activities: activitiesOf({
      agents: registry,
      clock,
      activity,
      tda: options.tda ?? null,
      mesh: options.mesh ?? null,
    }),
    maxHeartbeatThrottleInterval: heartbeatThrottleMs,
    shutdownGraceTime: options.graceMs ?? 0,
  })
  const run = async (): Promise<void> => {
    try {
      await worker.run()
    } finally {
      await registry.close()
      await connection.close()
    }
  }
  const stopped = run()
  return {
    stopped,
    async close() {
      if (worker.getState() === 'RUNNING') worker.shutdown()
      await stopped
    },
  }
}

let isInstalled = false

/** Temporal's core logs once for a process, to whoever opens the first worker; signals are the caller's. */
function installRuntime(
  { DefaultLogger, IllegalStateError, Runtime }: WorkerModule,
  logger: Logger,
): void {
  if (isInstalled) return
  isInstalled = true
  try {
    Runtime.install({
      shutdownSignals: [],
      logger: new DefaultLogger('WARN', ({ level, message }) =>
        logger.log(levels.get(level) ?? 'info', `temporal: ${message}`),
      ),
    })
  } catch (thrown) {
    // The process had workers of Temporal before: they keep their logger and signals.
    if (!(thrown instanceof IllegalStateError)) throw thrown
  }
}

const levels: ReadonlyMap<string, LogLevel> = new Map([
  ['WARN', 'warn'],
  ['ERROR', 'error'],
])
