import type { BaseAgent } from '../../agents/index.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { FlagProvider } from '../../core/contracts/flags.ts'
import type { MeshPort } from '../../core/contracts/mesh.ts'
import type { Logger } from '../../core/logger.ts'
import { OrchestrationError } from '../../core/errors.ts'
import { systemRandom } from '../../core/random.ts'
import { connect, type TemporalPlace } from './connect.ts'
import { loadClient } from './load.ts'
import { defaultTaskQueue, openTemporalWorker } from './open-worker.ts'
import { ensureSearchAttributes } from './search-attributes.ts'
import type { TaskQueues } from './remote-executions.ts'
import { TemporalEngine } from './temporal-engine.ts'

export interface OpenTemporalEngineOptions extends TemporalPlace {
  /** Whose workers drive the executions that are started here. Default `aura`. */
  readonly taskQueue?: string
  /** Where several task queues share the work; `taskQueue` is of no effect then. Default: that one alone. */
  readonly taskQueues?: TaskQueues
  /** Agents for a worker in this process. Default none: workers run elsewhere, see `openTemporalWorker`. */
  readonly agents?: readonly BaseAgent[]
  /** A worker that is silent for so long is dead, and its calls are lost. Default 10,000, at least 1,000. */
  readonly heartbeatTimeoutMs?: number
  /**
   * A run in Temporal whose history has so many events is followed by a new one, as soon as no call is on its
   * way. Default: when Temporal suggests it, which is at about 4,000.
   */
  readonly historyEventsMax?: number
  /** Decides `featureFlags` and adaptations. Default: every flag is on. */
  readonly flags?: FlagProvider
  /** Where to a worker in this process sends what its agents publish. Default: nowhere. */
  readonly mesh?: MeshPort
  readonly logger?: Logger
  readonly clock?: Clock
}

const defaultHeartbeatTimeoutMs = 10_000
const heartbeatTimeoutMsMin = 1_000

/**
 * Opens the engine whose journal is Temporal's history. The packages `@temporalio/*` are loaded here and not
 * before.
 *
 * @throws UsageError when a package is missing or an option is wrong; StorageError when Temporal does not answer within 5 s
 *
 * @example
 * const engine = await openTemporalEngine({ address: '127.0.0.1:7233', agents: [greeter] })
 * const run = await engine.executeWorkflow('hello', document, { input: { name: 'Ada' } })
 */
export async function openTemporalEngine(
  options: OpenTemporalEngineOptions,
): Promise<TemporalEngine> {
  const { address, taskQueue = defaultTaskQueue, agents = [], clock = systemClock } = options
  const { heartbeatTimeoutMs = defaultHeartbeatTimeoutMs } = options
  if (!(heartbeatTimeoutMs >= heartbeatTimeoutMsMin))
    throw new OrchestrationError(
      'UsageError',
      `heartbeatTimeoutMs is ${heartbeatTimeoutMs}; it must be at least ${heartbeatTimeoutMsMin}`,
    )
  const { client, connection } = await connect(options)
  await ensureSearchAttributes(connection, { namespace: options.namespace ?? 'default', clock })
  const worker = agents.length === 0 ? null : await openTemporalWorker({ ...options, agents })
  return new TemporalEngine({
    module: await loadClient(),
    client,
    address,
    taskQueue,
    ...(options.taskQueues === undefined ? {} : { taskQueues: options.taskQueues }),
    clock,
    random: systemRandom,
    flags: options.flags ?? null,
    historyEventsMax: options.historyEventsMax ?? null,
    heartbeatTimeoutMs,
    async close() {
      await worker?.close()
      await connection.close()
    },
  })
}
