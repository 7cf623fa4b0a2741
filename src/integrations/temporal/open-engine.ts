import type { BaseAgent } from '../../agents/index.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { FlagProvider } from '../../core/contracts/flags.ts'
import type { Logger } from '../../core/logger.ts'
import { OrchestrationError } from '../../core/errors.ts'
import { systemRandom } from '../../core/random.ts'
import type { Policy } from '../../semantic/index.ts'
import { connect, type TemporalPlace } from './connect.ts'
import { loadClient } from './load.ts'
import { defaultTaskQueue, openTemporalWorker, type OpenWorkerOptions } from './open-worker.ts'
import { ensureSearchAttributes } from './search-attributes.ts'
import type { TaskQueues } from './remote-executions.ts'
import { TemporalEngine } from './temporal-engine.ts'
import { defaultHeartbeatTimeoutMs } from './wire.ts'

export interface OpenTemporalEngineOptions
  extends TemporalPlace, Pick<OpenWorkerOptions, 'tda' | 'mesh' | 'budgets' | 'threads'> {
  /** Whose workers drive the executions that are started here. Default `aura`. */
  readonly taskQueue?: string
  /** Where several task queues share the work; `taskQueue` is of no effect then. Default: that one alone. */
  readonly taskQueues?: TaskQueues
  /** Agents for a worker in this process. Default none: workers run elsewhere, see `openTemporalWorker`. */
  readonly agents?: readonly BaseAgent[]
  /** A worker that is silent for so long is dead, and its calls are lost. Default 10,000, at least 1,000. */
  readonly heartbeatTimeoutMs?: number
  /** Decides about the executions that are started from now on, each for as long as it goes. Default none. */
  readonly policy?: Policy
  /**
   * A run in Temporal whose history has so many events is followed by a new one, as soon as no call is on its
   * way. Default: when Temporal suggests it, which is at about 4,000.
   */
  readonly historyEventsMax?: number
  /** Decides `featureFlags` and adaptations. Default: every flag is on. */
  readonly flags?: FlagProvider
  readonly logger?: Logger
  readonly clock?: Clock
}

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
    policy: options.policy?.data ?? null,
    hasPayloadStore: options.payloadStore !== undefined,
    async close() {
      await worker?.close()
      await connection.close()
    },
  })
}
