import { AgentRegistry, type AgentWatch, type BaseAgent } from '../agents/index.ts'
import type { BudgetLimit } from '../core/contracts/budget.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import type { TdaContextSource } from '../core/contracts/tda.ts'
import type { EventSink } from '../core/contracts/events.ts'
import type { PolicySource } from '../core/contracts/policy.ts'
import type { Embedder } from '../core/contracts/embedder.ts'
import type { FlagProvider } from '../core/contracts/flags.ts'
import type { MeshPort } from '../core/contracts/mesh.ts'
import type { QueueStore } from '../core/contracts/queue-store.ts'
import { silentTelemetry, type Telemetry } from '../core/contracts/telemetry.ts'
import { heapPressure } from '../core/heap-pressure.ts'
import { type Logger, silentLogger } from '../core/logger.ts'
import { systemRandom } from '../core/random.ts'
import type { StateMirror } from '../state/index.ts'
import { Database, type Durability, SqliteQueueStore } from '../storage/index.ts'
import type { AdmissionLimits } from './acceptance.ts'
import { budgetLimitsOf } from './budgets/budget-limits.ts'
import { EmbeddedEngine } from './embedded-engine.ts'
import { MemoryJournal } from './journal/memory.ts'
import { SqliteJournal } from './journal/sqlite.ts'
import type { RetentionOptions } from './retention.ts'
import type { EngineListener } from './workflow-engine.ts'

export interface OpenEngineOptions {
  /** The SQLite file; made when it is missing. Without one everything is in memory and ends with the process. */
  readonly db?: string
  readonly agents?: readonly BaseAgent[]
  /** Default: every flag is on. */
  readonly flags?: FlagProvider
  /**
   * The policy in force: asked when an execution starts and before each step, obeyed and journalled. `PolicyFile`
   * and `Policy` are such. Default none.
   */
  readonly policies?: PolicySource
  /** Default `full`: what was accepted survives a power cut. */
  readonly durability?: Durability
  readonly clock?: Clock
  readonly logger?: Logger
  readonly telemetry?: Telemetry
  /**
   * Makes the mesh that agents publish to and ask, over the queues of the file (null in memory); called once,
   * when the file is open. `inProcessMesh` is one. Closed with the engine. Default none: what agents publish
   * goes to the triggers alone, and they can ask nobody.
   */
  readonly mesh?: (host: MeshHost) => ClosableMesh
  /**
   * Show what executions have in their state to others: `storeMirror` of a store in Redis, a topic of Kafka.
   * Told after it is recorded, until they have taken it. Closed with the engine. Default none.
   */
  readonly mirrors?: readonly ClosableMirror[]
  /** By which agents recall what they remember (`ctx.memory.recall`), for instance `new HashedEmbedder()`. Default none. */
  readonly embedder?: Embedder
  /** Default: no feed, and every TDA context is unavailable. */
  readonly tda?: TdaContextSource
  /**
   * Watches the agents: says which are to be given no new work by type, and is told where to publish what
   * changes, which also reaches the triggers. Called once, when the agents have started; `watchAgents` is one.
   * Closed with the engine. Default: nobody watches.
   */
  readonly watch?: (host: WatchHost) => ClosableWatch
  /** Default: `openExecutionsMax` and `activeExecutionsMax` of `limits`. */
  readonly limits?: Partial<AdmissionLimits>
  /**
   * What executions may spend together, by `metadata.tenant` of their documents; `*` for every other tenant.
   * What is left out of a budget is unlimited, `per` defaults to `total`. Default none.
   */
  readonly tenants?: { readonly [tenant: string]: Partial<BudgetLimit> }
  /** What is kept of ended executions; null keeps everything. Default 30 days, 1,000,000 executions, 90 days with an open dead letter. */
  readonly retention?: RetentionOptions | null
  /** True: verbs are recorded, and nothing is driven by them. For whoever steers a file and goes away. Default false. */
  readonly isRecordingOnly?: boolean
}

/** What a mesh is made over. */
export interface MeshHost {
  readonly clock: Clock
  readonly logger: Logger
  /** Null in memory. */
  readonly store: QueueStore | null
}

/** What a watch is made over. */
export interface WatchHost {
  readonly agents: AgentRegistry
  readonly clock: Clock
  readonly logger: Logger
  readonly mesh: EventSink
  readonly tda?: TdaContextSource
}

export interface ClosableWatch extends AgentWatch {
  close(): void
}

export interface ClosableMesh extends MeshPort {
  close(): Promise<void>
}

export interface ClosableMirror extends StateMirror {
  close?(): Promise<void>
}

/** An engine and what it owns. */
export interface OpenedEngine {
  readonly engine: EmbeddedEngine
  readonly agents: AgentRegistry
  /** Null in memory. */
  readonly database: Database | null
  /** What `options.mesh` has made; null without it. */
  readonly mesh: MeshPort | null
}

/**
 * Opens the embedded engine as the owner of its file. Nothing runs until it is asked for: executions
 * that an earlier process left are taken up by `continueWorkflow`, `recoverAll` or their id.
 *
 * @throws OwnerError when another process owns the file; StorageError; AgentModuleError for agents that clash
 */
export async function openEngine(options: OpenEngineOptions = {}): Promise<EmbeddedEngine> {
  return (await openEngineParts(options)).engine
}

/** As `openEngine`, with what the composition root needs beside it. */
export async function openEngineParts(options: OpenEngineOptions = {}): Promise<OpenedEngine> {
  const clock = options.clock ?? systemClock
  const logger = options.logger ?? silentLogger
  const listeners = new Set<EngineListener>()
  const telemetry = options.telemetry ?? silentTelemetry
  const pressure = heapPressure(clock)
  let database: Database | null = null
  const agents = new AgentRegistry({
    clock,
    logger,
    isFull: () => pressure() !== null,
    database: () => database,
    memories: () => engine.memories,
    caller: { call: (call) => engine.directCalls.call(call) },
    mesh: () => mesh,
    onBreaker: (agentId, state) => telemetry.breakerChanged(agentId, state),
    onProgress: ({ executionId, stepId, index }, fraction, note) => {
      for (const listener of listeners)
        listener.onProgress?.({ executionId, stepId, index, fraction, note })
    },
  })
  for (const agent of options.agents ?? []) agents.register(agent)
  const tenants = budgetLimitsOf(options.tenants ?? {})
  let damage: string | null = null
  database =
    options.db === undefined
      ? null
      : Database.open({
          path: options.db,
          ...(options.durability === undefined ? {} : { durability: options.durability }),
          onWarning: ({ message }) => logger.log('warn', message),
          onDamage: ({ message }) => {
            damage = message
            logger.log('error', `nothing is accepted any more: ${message}`)
          },
        })
  const journal = database === null ? new MemoryJournal() : new SqliteJournal(database)
  const store = database === null ? null : new SqliteQueueStore(database)
  const mesh = options.mesh?.({ clock, logger, store }) ?? null
  await agents.start()
  const engine = new EmbeddedEngine({
    journal,
    agents,
    clock,
    logger,
    random: systemRandom,
    telemetry,
    flags: options.flags ?? null,
    policies: options.policies ?? null,
    tda: options.tda ?? null,
    mesh,
    mirrors: options.mirrors ?? [],
    embedder: options.embedder ?? null,
    limits: options.limits ?? {},
    tenants,
    retention: options.retention === undefined ? {} : options.retention,
    isRecordingOnly: options.isRecordingOnly ?? false,
    pressure: (isExact) => damage ?? pressure(isExact),
    listeners,
    release: async () => {
      watch?.close()
      await mesh?.close()
      for (const mirror of options.mirrors ?? []) await mirror.close?.()
      await agents.close(0)
      database?.close()
    },
  })
  const watch = watchOf(options, { agents, clock, logger, mesh: sinkOf(mesh, engine) })
  return { engine, agents, database, mesh }
}

/** Where the watch publishes: the mesh, if there is one, and the triggers. */
function sinkOf(mesh: MeshPort | null, engine: EmbeddedEngine): EventSink {
  return {
    async publish(event) {
      await mesh?.publish(event)
      await engine.deliver(event)
    },
  }
}

function watchOf({ watch, tda }: OpenEngineOptions, host: WatchHost): ClosableWatch | null {
  if (watch === undefined) return null
  const made = watch(tda === undefined ? host : { ...host, tda })
  host.agents.watchedBy(made)
  return made
}
