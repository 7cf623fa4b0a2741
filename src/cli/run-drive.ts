import { randomBytes } from 'node:crypto'
import { createLogger, createTelemetry } from '../observability/index.ts'
import type { ProcessTelemetry } from '../observability/index.ts'
import { type ErrorJson, messageOf, OrchestrationError } from '../core/errors.ts'
import type { Logger, LogLevel } from '../core/logger.ts'
import { openLook } from '../engine/index.ts'
import type { LogEntry, OpenedEngine, RunView } from '../engine/index.ts'
import { startControlServer } from '../server/index.ts'
import type { ControlServer } from '../server/index.ts'
import type { CommandContext } from './command-context.ts'
import { openFile, ownedBy } from './engine-access.ts'
import { exitCodeOfStatus } from './exit-code.ts'
import { listenForInterruption } from './interruption.ts'
import { startProgress } from './progress/live-progress.ts'
import type { LiveProgress } from './progress/live-progress.ts'
import { ProgressModel } from './progress/progress-model.ts'
import { runReport } from './run-report.ts'
import { continueCommand } from './run-plan.ts'
import type { RunPlan } from './run-plan.ts'
import { runView } from './run-view.ts'
import { catchStrayErrors } from './stray-errors.ts'
import { WaitAdvice, mayBeginWait } from './wait-advice.ts'

type Ending =
  | { readonly kind: 'ended'; readonly view: RunView }
  | { readonly kind: 'interrupted'; readonly code: number }

/** Owns the file, drives the execution to its end with live progress, and reports. */
export async function driveExecution(context: CommandContext, plan: RunPlan): Promise<number> {
  const interruption = listenForInterruption()
  const telemetry = createTelemetry({ clock: context.clock })
  let print = (text: string): void => context.note(text)
  const logger = createLogger({
    level: logLevel(context.env.AURA_LOG_LEVEL),
    stream: { write: (text) => print(text.trimEnd()), isTTY: context.stderr.isTTY === true },
    clock: context.clock,
  })
  const access = await openFile(context, { agents: plan.agents, telemetry, logger })
  if (access.kind === 'owned') throw ownedBy(context.databasePath, access.owner)
  const { opened } = access
  let server: ControlServer | undefined
  let progress: LiveProgress | undefined
  let ending: Ending
  let recorded: RunView | null = null
  const stray = catchStrayErrors(logger, (thrown) => {
    const command = continueCommand(context, plan)
    if (context.isJson) context.json({ error: fatalError(thrown, plan.executionId, command) })
    else context.note(`${plan.executionId} stays as recorded. Go on with:\n  ${command}`)
  })
  const entries: LogEntry[] = [...plan.history]
  try {
    server = await openControl(context, { opened, telemetry, logger })
    const watched = watch(context, plan, { opened, entries })
    progress = watched
    print = (text) => watched.print(text)
    context.foreign.sink = (text) => watched.print(text.trimEnd())
    const { executionId, document, input } = plan
    const ended = opened.engine.executeDocument(document, { executionId, input })
    ended.then((view) => (recorded = view)).catch(() => {})
    ending = await Promise.race([
      ended.then((view): Ending => ({ kind: 'ended', view })),
      interruption.requested.then((code): Ending => ({ kind: 'interrupted', code })),
    ])
    if (ending.kind === 'interrupted') {
      // Closing rejects it; whatever it says, the execution stays as recorded.
      ended.catch(() => {})
      progress.print('stopping; what runs may finish. Ctrl-C again stops at once')
    }
  } finally {
    await server?.close()
    await closeEngine(opened, logger)
    progress?.stop()
    stray.stopListening()
    context.foreign.sink = (text) => void context.stderr.write(text)
    interruption.stopListening()
  }
  // It may have ended while it was being stopped.
  const view = ending.kind === 'ended' ? ending.view : (recorded as RunView | null)
  if (view !== null) return reportEnd(context, plan, { view, entries })
  return reportInterruption(context, plan, ending.kind === 'interrupted' ? ending.code : 0)
}

/** What is recorded is recorded: trouble on the way out is told, and changes nothing of how it ended. */
async function closeEngine({ engine }: OpenedEngine, logger: Logger): Promise<void> {
  try {
    await engine.close()
  } catch (thrown) {
    logger.log('warn', 'the engine did not close as it should', { error: messageOf(thrown) })
  }
}

/** Lets other processes steer this one, and tells them where it listens. */
async function openControl(
  context: CommandContext,
  parts: { opened: OpenedEngine; telemetry: ProcessTelemetry; logger: Logger },
): Promise<ControlServer> {
  const { opened, telemetry, logger } = parts
  const token = randomBytes(32).toString('base64url')
  const server = await startControlServer({
    engine: opened.engine,
    token,
    logger,
    clock: context.clock,
    metrics: { text: () => telemetry.metricsText(), contentType: telemetry.metricsContentType },
    list(filter) {
      const look = openLook(context.databasePath)
      try {
        return look.list(filter)
      } finally {
        look.close()
      }
    },
  })
  const startedAtMs = context.clock.nowMs()
  opened.database?.publishOwner({
    pid: process.pid,
    port: server.port,
    token,
    kind: 'run',
    startedAtMs,
  })
  return server
}

/** Shows what happens from now on, after what has happened before. */
function watch(
  context: CommandContext,
  plan: RunPlan,
  { opened, entries }: { opened: OpenedEngine; entries: LogEntry[] },
): LiveProgress {
  const model = new ProgressModel(plan.executionId, plan.document)
  for (const entry of plan.history) model.take(entry)
  const advice = new WaitAdvice(context, model)
  const progress = startProgress(context, model)
  const advise = (): void => {
    for (const line of advice.newLines()) progress.print(line)
  }
  if (plan.history.length > 0 && model.outcome === null)
    progress.print(`going on with ${plan.executionId}`)
  advise()
  opened.engine.subscribe({
    onEvent(entry) {
      if (entry.executionId !== plan.executionId) return
      entries.push(entry)
      progress.event(entry)
      if (mayBeginWait(entry)) advise()
    },
    onProgress(note) {
      if (note.executionId === plan.executionId) progress.note(note)
    },
  })
  return progress
}

async function reportEnd(
  context: CommandContext,
  plan: RunPlan,
  ended: { readonly view: RunView; readonly entries: readonly LogEntry[] },
): Promise<number> {
  if (context.isJson) context.json(ended.view)
  else context.say(await runReport(context, plan.document, ended))
  return exitCodeOfStatus(ended.view.status)
}

function reportInterruption(context: CommandContext, plan: RunPlan, code: number): number {
  if (context.isJson) {
    const look = openLook(context.databasePath)
    try {
      context.json(runView(look.show(plan.executionId)))
    } finally {
      look.close()
    }
  }
  context.note(
    `stopped; ${plan.executionId} stays as recorded. Go on with:\n  ${continueCommand(context, plan)}`,
  )
  return code
}

function fatalError(thrown: Error, executionId: string, command: string): ErrorJson {
  return new OrchestrationError(
    'AgentModuleError',
    `an exception was thrown and nobody caught it: ${messageOf(thrown)}`,
    { hint: `${executionId} stays as recorded; go on with: ${command}`, details: { executionId } },
  ).toJSON()
}

function logLevel(wanted: string | undefined): LogLevel {
  const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
  return levels.find((level) => level === wanted) ?? 'error'
}
