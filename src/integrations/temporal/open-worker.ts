import type { NativeConnection } from '@temporalio/worker'
import { AgentRegistry, type BaseAgent } from '../../agents/index.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import { type Logger, type LogLevel, silentLogger } from '../../core/logger.ts'
import type { MeshPort } from '../../core/contracts/mesh.ts'
import { activitiesOf } from './activities.ts'
import { workflowBundle } from './bundle.ts'
import { converterOf, outOfReach, type TemporalPlace } from './connect.ts'
import { loadClient, loadWorker, type WorkerModule } from './load.ts'
import { ensureSearchAttributes } from './search-attributes.ts'
import { RemoteExecutions } from './remote-executions.ts'

export interface OpenWorkerOptions extends TemporalPlace {
  /** Default `aura`. All workers of a queue have the same agents. */
  readonly taskQueue?: string
  readonly agents: readonly BaseAgent[]
  /** Where to what the agents publish is sent. Default: nowhere. */
  readonly mesh?: MeshPort
  /** Default: nothing is logged. */
  readonly logger?: Logger
  readonly clock?: Clock
  /** How long calls may go on once the worker is closed; then they are lost to it. Default 0. */
  readonly graceMs?: number
}

/** What several workers of a process have together. */
export interface SharedParts {
  readonly agents: AgentRegistry
  readonly connection: NativeConnection
  /** Resolves when a call may begin; rejects when it is lost to this process. Default: it may. */
  readonly mayBegin?: () => Promise<void>
}

/** A process that drives executions and calls agents for them. */
export interface TemporalWorker {
  /** Resolves when it has stopped; rejects when it stops by a fault. */
  readonly stopped: Promise<void>
  /** Takes nothing more, gives what it has up after `graceMs`, and stops its agents. */
  close(): Promise<void>
}

export const defaultTaskQueue = 'aura'

/** So long Temporal waits for the worker that has an execution in memory, then it gives it to any. */
const stickyMs = 3_000

/** A call hears of its cancellation with a heartbeat, so these are not held back for longer. */
const heartbeatThrottleMs = 500

/**
 * Starts a worker. Ready when it resolves, which takes some seconds: the code of the sandbox is made first.
 *
 * @throws UsageError when a package is missing; StorageError when Temporal does not answer
 */
export async function openTemporalWorker(options: OpenWorkerOptions): Promise<TemporalWorker> {
  const parts = await openParts(options)
  const worker = await openWorkerOn(options, parts).catch(async (thrown: unknown) => {
    await closeParts(parts)
    throw thrown
  })
  const run = async (): Promise<void> => {
    try {
      await worker.stopped
    } finally {
      await closeParts(parts)
    }
  }
  const stopped = run()
  return {
    stopped,
    async close() {
      await worker.close()
      await stopped
    },
  }
}

/** Connects, and starts the agents. @throws as `openTemporalWorker` */
export async function openParts(options: OpenWorkerOptions): Promise<SharedParts> {
  const { address, clock = systemClock, logger = silentLogger } = options
  const { worker: module } = await loadWorker()
  installRuntime(module, logger)
  const connection = await module.NativeConnection.connect({ address }).catch((thrown: unknown) => {
    throw outOfReach(address, thrown)
  })
  const agents = new AgentRegistry({ clock, logger })
  for (const agent of options.agents) agents.register(agent)
  await agents.start()
  await ensureSearchAttributes(connection, { namespace: options.namespace ?? 'default', clock })
  return { agents, connection }
}

export async function closeParts({ agents, connection }: SharedParts): Promise<void> {
  await agents.close()
  await connection.close()
}

/** Starts a worker that ends without ending what it shares. */
export async function openWorkerOn(
  options: OpenWorkerOptions,
  { agents, connection, mayBegin }: SharedParts,
): Promise<TemporalWorker> {
  const { namespace = 'default', taskQueue = defaultTaskQueue, clock = systemClock } = options
  const { worker: module, activity } = await loadWorker()
  const { address } = options
  const client = await loadClient()
  const executions = new RemoteExecutions({
    module: client,
    client: new client.Client({ connection, namespace, ...converterOf(options) }),
    address,
    taskQueue,
    clock,
  })
  const worker = await module.Worker.create({
    connection,
    namespace,
    ...converterOf(options),
    taskQueue,
    workflowBundle: await workflowBundle(module),
    activities: activitiesOf({
      agents,
      clock,
      activity,
      executions,
      mesh: options.mesh ?? null,
      ...(mayBegin === undefined ? {} : { mayBegin }),
    }),
    maxHeartbeatThrottleInterval: heartbeatThrottleMs,
    stickyQueueScheduleToStartTimeout: stickyMs,
    shutdownGraceTime: options.graceMs ?? 0,
  })
  const stopped = worker.run()
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
function installRuntime({ Runtime, DefaultLogger }: WorkerModule, logger: Logger): void {
  if (isInstalled) return
  isInstalled = true
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message }) =>
      logger.log(levels.get(level) ?? 'info', `temporal: ${message}`),
    ),
  })
}

const levels: ReadonlyMap<string, LogLevel> = new Map([
  ['WARN', 'warn'],
  ['ERROR', 'error'],
])
