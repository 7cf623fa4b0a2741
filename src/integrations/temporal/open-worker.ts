import type { NativeConnection, WorkerDeploymentOptions } from '@temporalio/worker'
import { AgentRegistry, type BaseAgent } from '../../agents/index.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { TdaContextSource } from '../../core/contracts/tda.ts'
import { type Logger, type LogLevel, silentLogger } from '../../core/logger.ts'
import type { MeshPort } from '../../core/contracts/mesh.ts'
import type { RecordStore } from '../../core/contracts/record-store.ts'
import { activitiesOf } from './activities.ts'
import { buildIdOf, workflowBundle } from './bundle.ts'
import { Charges, type SharedBudgets } from './charges.ts'
import { CallSlots } from './call-slots.ts'
import { accessOf, converterOf, noAccess, type TemporalPlace } from './connect.ts'
import { loadClient, loadWorker, type WorkerModule } from './load.ts'
import { NestedCalls } from './nested-calls.ts'
import { ensureSearchAttributes } from './search-attributes.ts'
import { refuseUnkept } from './unsupported.ts'
import { RemoteExecutions } from './remote-executions.ts'
import { slotActivities } from './slot-keepers.ts'

export interface OpenWorkerOptions extends TemporalPlace {
  /** Default `aura`. All workers of a queue have the same agents. */
  readonly taskQueue?: string
  readonly agents: readonly BaseAgent[]
  /** What agents and planning are told of anomalies, such as a `MeshTdaClient`. Default: nothing is known. */
  readonly tda?: TdaContextSource
  /**
   * Where what executions publish goes, and over which agents of the transport `mesh` are called; it belongs to the
   * caller. Default: events are recorded and not sent, and such agents fail.
   */
  readonly mesh?: MeshPort
  /** What agents with `resourceLimits.budget` and tenants spend from. Default: no worker knows what others spent, and such agents are refused. */
  readonly budgets?: SharedBudgets
  /** Where graphs keep their threads, the same for all workers and for nothing else, such as a `RedisRecordStore`. Default: nowhere, and agents of graphs are refused. */
  readonly threads?: RecordStore
  /** Default: nothing is logged. */
  readonly logger?: Logger
  readonly clock?: Clock
  /** Has executions stay with workers of the code that they began with. Default: any worker takes them on. */
  readonly versioning?: WorkerVersioning
  /** How long calls may go on once the worker is closed; then they are lost to it. Default 0. */
  readonly graceMs?: number
}

/** A version of the workers of one deployment, in the words of Temporal. */
export interface WorkerVersioning {
  readonly deployment: string
  /** Default: the hash of the code that runs in the sandbox, so that it changes when decisions might. */
  readonly buildId?: string
}

/** What several workers of a process have together. */
export interface SharedParts {
  readonly agents: AgentRegistry
  readonly connection: NativeConnection
  /** Resolves when a call may begin; rejects when it is lost to this process. Default: it may. */
  readonly mayBegin?: () => Promise<void>
  /** What the names of all task queues have in common whose executions bound one another by `concurrency`. Default: the task queue. */
  readonly installation?: string
}

/** A process that drives executions and calls agents for them. */
export interface TemporalWorker {
  /** Its version, where it has one; nothing comes to it before that is the deployment's current one. */
  readonly buildId: string | null
  /** Resolves when it has stopped; rejects when it stops by a fault. */
  readonly stopped: Promise<void>
  /** Takes nothing more, gives what it has up after `graceMs`, and stops its agents. */
  close(): Promise<void>
}

export const defaultTaskQueue = 'aura'

/** So many calls a worker takes on at the same time, those apart that wait for calls made inside them. */
const callsMax = 100

/** So long Temporal waits for the worker that has an execution in memory, then it gives it to any. */
const stickyMs = 3_000

/** Calls that are lost to a worker have so long to heed it before their agents are closed. */
const lostCallsMs = 1_000

/** A call hears of its cancellation with a heartbeat, so these are not held back for longer. */
const heartbeatThrottleMs = 500

/**
 * Starts a worker. Ready when it resolves, which takes some seconds: the code of the sandbox is made first.
 *
 * @throws UsageError when a package is missing; RefusedError for agents with a budget that is kept nowhere; StorageError when Temporal does not answer
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
    buildId: worker.buildId,
    stopped,
    async close() {
      await worker.close()
      await stopped
    },
  }
}

/** Connects, and starts the agents. @throws as `openTemporalWorker` */
export async function openParts(options: OpenWorkerOptions): Promise<SharedParts> {
  refuseUnkept(options.agents, options)
  const { clock = systemClock, logger = silentLogger } = options
  const { worker: module } = await loadWorker()
  installRuntime(module, logger)
  const connection = await openNative(module, options)
  const { mesh = null, threads = null } = options
  const agents = new AgentRegistry({ clock, logger, mesh: () => mesh, threads: () => threads })
  for (const agent of options.agents) agents.register(agent)
  await agents.start()
  await ensureSearchAttributes(connection, { namespace: options.namespace ?? 'default', clock })
  return { agents, connection }
}

export async function closeParts({ agents, connection }: SharedParts): Promise<void> {
  await agents.close(lostCallsMs)
  await connection.close()
}

/** Starts a worker that ends without ending what it shares. */
export async function openWorkerOn(
  options: OpenWorkerOptions,
  { agents, connection, mayBegin, installation: named }: SharedParts,
): Promise<TemporalWorker> {
  const { namespace = 'default', taskQueue = defaultTaskQueue, clock = systemClock } = options
  const installation = named ?? taskQueue
  const { worker: module, activity } = await loadWorker()
  const { address } = options
  const client = await loadClient()
  const here = {
    module: client,
    client: new client.Client({ connection, namespace, ...converterOf(options) }),
    taskQueue,
  }
  const executions = new RemoteExecutions({ ...here, address, clock })
  const bundle = await workflowBundle(module)
  const { versioning, graceMs = 0 } = options
  const buildId = versioning === undefined ? null : (versioning.buildId ?? buildIdOf(bundle))
  const closing = new AbortController()
  const slots = new CallSlots(callsMax)
  const hasPayloadStore = options.payloadStore !== undefined
  const nested = new NestedCalls({
    executions,
    clock,
    hasPayloadStore,
    aside: (work) => slots.lend(work),
    closing: closing.signal,
  })
  const worker = await module.Worker.create({
    connection,
    namespace,
    ...converterOf(options),
    taskQueue,
    workflowBundle: bundle,
    ...(versioning === undefined || buildId === null
      ? {}
      : { workerDeploymentOptions: pinned(versioning.deployment, buildId) }),
    activities: activitiesOf({
      agents,
      clock,
      activity,
      tda: options.tda ?? null,
      executions,
      nested,
      slots: slotActivities({ ...here, executions, installation }),
      charges: new Charges({ agents, clock, budgets: options.budgets ?? null }),
      mesh: options.mesh ?? null,
      closing: closing.signal,
      hasPayloadStore,
      ...(mayBegin === undefined ? {} : { mayBegin }),
    }),
    tuner: slots.tuner,
    maxHeartbeatThrottleInterval: heartbeatThrottleMs,
    stickyQueueScheduleToStartTimeout: stickyMs,
    shutdownGraceTime: graceMs,
  })
  const stopped = worker.run()
  return {
    buildId,
    stopped,
    async close() {
      if (worker.getState() === 'RUNNING') worker.shutdown()
      const cancel = clock.after(graceMs, () => closing.abort())
      await stopped.finally(cancel)
    },
  }
}

/** Executions stay with the version that they began with. */
function pinned(deploymentName: string, buildId: string): WorkerDeploymentOptions {
  return {
    useWorkerVersioning: true,
    version: { deploymentName, buildId },
    defaultVersioningBehavior: 'PINNED',
  }
}

/** @throws as `connect` */
async function openNative(
  { NativeConnection }: WorkerModule,
  place: TemporalPlace,
): Promise<NativeConnection> {
  try {
    const connection = await NativeConnection.connect(accessOf(place))
    const { namespace = 'default' } = place
    await connection.workflowService.describeNamespace({ namespace }).catch(async (thrown) => {
      await connection.close()
      throw thrown
    })
    return connection
  } catch (thrown) {
    throw noAccess(place, thrown)
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
