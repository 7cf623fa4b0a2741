import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from '../../core/logger.ts'
import {
  openShardWorkers,
  openTemporalEngine,
  type ShardWorkers,
} from '../../integrations/temporal/index.ts'
import type { EventMesh } from '../../mesh/index.ts'
import { createTelemetry } from '../../observability/index.ts'
import { Placement } from '../../placement/index.ts'
import type { ApiServerOptions, Readiness } from '../../server/index.ts'
import { agentsOf, knownAgents } from '../agents.ts'
import type { CommandContext } from '../command-context.ts'
import { flagProviderOf } from '../flag-provider.ts'
import { startAt } from '../owner-server.ts'
import { takeEvents } from '../serve/event-intake.ts'
import type { ServeSettings } from '../serve/settings.ts'
import { readWorkflowFiles } from '../serve/workflow-files.ts'
import { refuseEmbeddedSettings } from './obeyed-settings.ts'
import { temporalPlace } from './place.ts'
import { ServedDocuments } from './served-documents.ts'
import { ServedTriggers } from './served-triggers.ts'
import { listed, servedPort, startServed } from './served-port.ts'
import { openSite, queuesOf, type SharedSite } from './shared-site.ts'
import { openWorkerMesh } from './worker-mesh.ts'

/** How long calls may go on once the process was asked to end; then they are lost to it. */
const graceMs = 10_000

/** How often an execution that somebody follows is asked what has happened. */
const eventsEveryMs = 500

/** An instance that takes requests and works. */
export interface ServedInstance {
  /** Names this process among the others. */
  readonly name: string
  readonly host: string
  readonly port: number
  /** On 127.0.0.1. */
  readonly localPort: number
  readonly token: string
  /** Gives its shards to others, lets calls under way finish for 10 s, then hangs up. */
  close(): Promise<void>
}

interface Parts {
  readonly context: CommandContext
  readonly settings: ServeSettings
  readonly logger: Logger
  readonly name: string
  readonly site: SharedSite
}

/**
 * Opens everything, in the order in which each part needs the one before; what was opened is closed again when the
 * next one cannot be.
 *
 * @throws UsageError, StorageError when a server is not set or out of reach; RefusedError for another number of
 *   shards, or settings that only the embedded engine obeys; DocumentError; OwnerError when it cannot listen
 */
export async function openInstance(
  context: CommandContext,
  settings: ServeSettings,
  logger: Logger,
): Promise<ServedInstance> {
  refuseEmbeddedSettings(settings)
  const { clock } = context
  const flags = flagProviderOf(context, settings.flags, logger)
  const agents = await agentsOf(context, settings.agents)
  const files = readWorkflowFiles(settings.workflows, context.cwd, knownAgents(agents, 'warning'))
  const name = `${settings.placement.instance ?? hostname()}.${randomBytes(4).toString('hex')}`
  const token = settings.token ?? randomBytes(32).toString('base64url')
  const taskQueues = queuesOf(settings)
  await using opened = new AsyncDisposableStack()
  const site = opened.adopt(await openSite(settings, clock), (one) => one.close())
  const place = { ...temporalPlace(settings.temporal), ...site.stores, clock, logger }
  const parts: Parts = { context, settings, logger, name, site }
  const documents = new ServedDocuments(site.catalog)
  for (const { data } of files.documents) await documents.register(data)
  const ofEngine = { ...place, taskQueues, ...(flags === undefined ? {} : { flags }) }
  const engine = opened.adopt(await openTemporalEngine(ofEngine), (one) => one.close())
  const telemetry = createTelemetry({ clock })
  const outside = await openWorkerMesh(context, telemetry, logger)
  if (outside !== null) opened.adopt(outside, (one) => one.close())
  const { mesh = null, tda = null } = outside ?? {}
  const triggers = new ServedTriggers({ engine, documents, tda, clock, logger })
  const state: Standing = { workers: null, placement: null, isGoingDown: false }
  const options: ApiServerOptions = {
    ...apiOptions(parts, state),
    metrics: { text: () => telemetry.metricsText(), contentType: telemetry.metricsContentType },
    engine: servedPort(engine, documents, triggers),
    list: (filter) => listed(engine, filter),
    log: (executionId, afterSeq) => engine.getLog(executionId, afterSeq),
    eventsEveryMs,
    token,
    workflows: (wanted) => documents.list(wanted),
    startDocument: (document, options) => startServed(engine, documents, { document, options }),
  }
  const server = opened.adopt(await startAt(options, settings), (one) => one.api.close())
  state.workers = opened.adopt(
    await openShardWorkers({
      ...place,
      agents,
      graceMs,
      ...(mesh === null || tda === null ? {} : { mesh, tda }),
      installation: place.taskQueue,
      queueOf: (shard) => taskQueues.all[shard] as string,
      mayBegin: async (shard) => state.placement?.mayBegin(shard) ?? true,
    }),
    (one) => one.close(),
  )
  state.placement = await join(parts, state.workers)
  if (state.placement !== null) opened.adopt(state.placement, (one) => one.stop())
  await state.workers.settled()
  opened.defer(() => triggers.close())
  await armTriggers(parts, triggers, { mesh, state })
  opened.defer(async () => {
    state.isGoingDown = true
    server.api.drain()
  })
  const all = opened.move()
  return {
    name,
    token,
    host: server.api.host,
    port: server.api.port,
    localPort: server.local.port,
    close: () => all.disposeAsync(),
  }
}

/** From now on schedules are kept, and the events of others start what they start. */
async function armTriggers(
  { context, logger }: Parts,
  triggers: ServedTriggers,
  { mesh, state }: { readonly mesh: EventMesh | null; readonly state: Standing },
): Promise<void> {
  await triggers.arm()
  const isGoingDown = (): boolean => state.isGoingDown
  await takeEvents(context, { mesh, logger, engine: triggers, isGoingDown })
}

/** What comes while the instance opens. */
interface Standing {
  workers: ShardWorkers | null
  /** Null where it shares its work with nobody. */
  placement: Placement | null
  isGoingDown: boolean
}

/** Takes its share of the work: all of it where there is nobody to share with. */
async function join(parts: Parts, workers: ShardWorkers): Promise<Placement | null> {
  const { context, settings, logger, name, site } = parts
  const { shards, leaseMs } = settings.placement
  if (site.placements === null) {
    workers.serve([0])
    return null
  }
  const { promise: joined, resolve: hold } = Promise.withResolvers<void>()
  const placement = new Placement({
    store: site.placements,
    instance: name,
    shards,
    leaseMs,
    clock: context.clock,
    logger,
    onHolds(held) {
      logger.log('info', `holds ${held.length} of ${shards} shards`, { shards: held.join(' ') })
      workers.serve(held)
      hold()
    },
  })
  await placement.start()
  // The other instances may have enough of them for now: it is ready all the same.
  context.clock.after(leaseMs, hold)
  await joined
  return placement
}

function apiOptions(
  { context, settings, logger, name }: Parts,
  state: Standing,
): Omit<ApiServerOptions, 'engine' | 'token' | 'metrics' | 'list'> {
  const { shards } = settings.placement
  const { taskQueue } = settings.temporal
  return {
    logger,
    clock: context.clock,
    kind: 'serve',
    agents: () => state.workers?.agents.list() ?? [],
    readiness: () => readinessOf(state),
    ...(settings.redis.url === null
      ? {}
      : {
          placement: () => {
            const view = state.placement?.view ?? { members: [], holds: [] }
            return { ...view, instance: name, shards, taskQueue }
          },
        }),
  }
}

function readinessOf({ workers, placement }: Standing): Readiness {
  if (workers === null) return { isReady: false, reason: 'workers are started' }
  if (placement?.isCurrent === false)
    return {
      isReady: false,
      reason: 'the placement store does not answer: nothing new begins here',
    }
  return { isReady: true, reason: null }
}
