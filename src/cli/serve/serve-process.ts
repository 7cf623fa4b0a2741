import { messageOf, OrchestrationError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { createTelemetry } from '../../observability/index.ts'
import type { OpenedEngine } from '../../engine/index.ts'
import type { EventMesh } from '../../mesh/index.ts'
import { agentsOf, knownAgents } from '../agents.ts'
import type { CommandContext } from '../command-context.ts'
import { type OpenFileOptions, ownedBy } from '../engine-access.ts'
import { exitCodes } from '../exit-code.ts'
import { flagProviderOf } from '../flag-provider.ts'
import { listenForInterruption } from '../interruption.ts'
import type { Interrupt, Interruption } from '../interruption.ts'
import { openFileWithMesh } from '../mesh.ts'
import { policyOf } from '../policy.ts'
import { closeEngine, openOwnerServer } from '../owner-server.ts'
import type { ApiServer } from '../../server/index.ts'
import { watchAgents } from '../../semantic/index.ts'
import { AnomalyFeed } from '../../tda/index.ts'
import { catchStrayErrors } from '../stray-errors.ts'
import { engineOptionsOf } from './engine-options.ts'
import { takeEvents } from './event-intake.ts'
import { reportReady } from './ready-report.ts'
import { servedEngine } from './served-engine.ts'
import { ServedOrchestration } from './served-orchestration.ts'
import { servedRouting } from './served-routing.ts'
import { servedProtocols } from './served-protocols.ts'
import { loggerOf } from './serve-logger.ts'
import type { ServeSettings } from './settings.ts'
import { readWorkflowFiles } from './workflow-files.ts'
import type { WorkflowFiles } from './workflow-files.ts'

/** What differs where another verb serves the file as well. */
export interface ServeHooks {
  /** Done instead of telling that it is ready. */
  ready?(workflows: readonly string[]): Promise<void>
  /** Ends it as SIGTERM does; default never. */
  readonly ended?: Promise<void>
}

/**
 * Owns the file until a signal: registers the documents, takes up everything that is open, arms the
 * triggers and serves the API. Then nothing new begins, running attempts may finish, and what is left
 * stays as recorded.
 */
export async function serveFile(
  context: CommandContext,
  settings: ServeSettings,
  hooks: ServeHooks = {},
): Promise<number> {
  const interruption = listenForInterruption(({ code }) => {
    context.note('stopped at once; what ran is taken up again by the next `aura serve`')
    context.processEnd.now(code)
  })
  const telemetry = createTelemetry({ clock: context.clock })
  const logger = loggerOf(context, settings)
  context.processEnd.advice = 'what is open stays as recorded; take process.exit out of the agents'
  const orchestration = new ServedOrchestration(context, settings.orchestrator)
  const agents = orchestration.with(await agentsOf(context, settings.agents))
  const known = knownAgents(agents, 'warning')
  const files = readWorkflowFiles(settings.workflows, context.cwd, known)
  const feed = new AnomalyFeed({ clock: context.clock, logger, telemetry })
  const { opened, shared } = await ownFile(context, {
    ...engineOptionsOf(settings),
    agents,
    telemetry,
    logger,
    tda: feed,
    hearing: (make) => orchestration.hearing(make),
    watch: watchAgents,
    ...rulesOf(context, settings, { logger, agents: known.names }),
  })
  const { engine } = opened
  const stray = catchStrayErrors(logger, context.processEnd, (thrown) =>
    context.note(`${messageOf(thrown)}; what is open stays as recorded`),
  )
  let server: ApiServer | undefined
  let interrupt: Interrupt
  let isReady = false
  let isDown = false
  const isGoingDown = (): boolean => isDown
  try {
    await register(opened, files, logger)
    await orchestration.begin(opened, { agents, feed, logger })
    const served = servedEngine({ engine, feed, orchestration, logger, isGoingDown })
    server = await openOwnerServer(context, {
      opened,
      engine: served,
      telemetry,
      logger,
      kind: 'serve',
      listen: settings,
      ...servedRouting({ agents, registry: opened.agents, database: opened.database, feed }),
      ...servedProtocols(context, { engine: served, opened }),
      readiness: () => ({ isReady, reason: isReady ? null : 'open executions are taken up' }),
    })
    const recovered = engine.recoverAll()
    engine.startTriggers()
    await takeEvents(context, { mesh: shared, logger, engine: served, isGoingDown })
    isReady = true
    if (hooks.ready === undefined) reportReady(context, { server, opened, recovered })
    else await hooks.ready(files.documents.map(({ data }) => data.name))
    interrupt = await requestedEnd(interruption, hooks, logger)
    isDown = true
    server.drain()
  } finally {
    await orchestration.stop()
    await closeEngine(opened, logger)
    await Promise.all([server?.close(), feed.close()])
    stray.stopListening()
    interruption.stopListening()
  }
  logger.log('info', 'closed; what is open stays as recorded', {})
  // Whoever runs services asks them to end with SIGTERM: that is no failure.
  return interrupt.signal === 'SIGTERM' ? exitCodes.done : interrupt.code
}

/** @throws OwnerError when another process owns the file */
async function ownFile(
  context: CommandContext,
  options: Parameters<typeof openFileWithMesh>[1],
): Promise<{ readonly opened: OpenedEngine; readonly shared: EventMesh | null }> {
  const access = await openFileWithMesh(context, options)
  if (access.kind === 'owned') throw ownedBy(context.databasePath, access.owner)
  return access
}

async function requestedEnd(
  { requested }: Interruption,
  { ended = new Promise<void>(() => {}) }: ServeHooks,
  logger: Logger,
): Promise<Interrupt> {
  const closed = ended.then((): Interrupt => ({ signal: 'SIGTERM', code: exitCodes.done }))
  const interrupt = await Promise.race([requested, closed])
  const { signal } = interrupt
  logger.log('info', 'going down: nothing new begins, what runs may finish', { signal })
  return interrupt
}

/** Who says what may start, and how. */
function rulesOf(
  context: CommandContext,
  { flags: file, policy: path }: ServeSettings,
  { logger, agents }: { readonly logger: Logger; readonly agents: readonly string[] },
): Pick<OpenFileOptions, 'flags' | 'policies'> {
  const flags = flagProviderOf(context, file, logger)
  const policies = policyOf(context, { path, logger, agents })
  return {
    ...(flags === undefined ? {} : { flags }),
    ...(policies === undefined ? {} : { policies }),
  }
}

async function register(
  { engine }: OpenedEngine,
  { documents, warnings, skipped }: WorkflowFiles,
  logger: Logger,
): Promise<void> {
  for (const { file, line, message, hint } of warnings)
    logger.log('warn', `${file ?? ''}: ${message}`, { line, hint })
  for (const file of skipped) logger.log('warn', `${file} has no steps and was passed over`, {})
  for (const { file, data } of documents) {
    try {
      await engine.registerWorkflow(data)
    } catch (thrown) {
      throw new OrchestrationError('DocumentError', `${file}: ${messageOf(thrown)}`, {
        cause: thrown,
      })
    }
    logger.log('info', `${data.name} ${data.version} is registered`, { file })
  }
}
