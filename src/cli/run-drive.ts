import { createLogger, createTelemetry } from '../observability/index.ts'
import { type ErrorJson, messageOf, OrchestrationError, toErrorJson } from '../core/errors.ts'
import { openLook } from '../engine/index.ts'
import type { LogEntry, OpenedEngine, RunView } from '../engine/index.ts'
import type { CommandContext } from './command-context.ts'
import { openFileWithMesh } from './mesh.ts'
import { ownedBy } from './engine-access.ts'
import { flagProviderOf } from './flag-provider.ts'
import { listenForInterruption } from './interruption.ts'
import { logLevelOf } from './log-level.ts'
import { closeEngine, openOwnerServer } from './owner-server.ts'
import type { ApiServer } from '../server/index.ts'
import type { OwnerInfo } from '../storage/index.ts'
import { startProgress } from './progress/live-progress.ts'
import type { LiveProgress } from './progress/live-progress.ts'
import { ProgressModel } from './progress/progress-model.ts'
import { reportEnd } from './run-report.ts'
import { continueCommand } from './run-plan.ts'
import type { RunPlan } from './run-plan.ts'
import { runView } from './run-view.ts'
import { catchStrayErrors } from './stray-errors.ts'
import { WaitAdvice, mayBeginWait } from './wait-advice.ts'

type Ending =
  | { readonly kind: 'ended'; readonly view: RunView }
  | { readonly kind: 'interrupted'; readonly code: number }

/**
 * Owns the file, drives the execution to its end with live progress, and reports.
 *
 * @returns the exit code; the owner when `aura serve` has the file, and nothing was done
 * @throws OwnerError when another `aura run` has it
 */
export async function driveExecution(
  context: CommandContext,
  plan: RunPlan,
): Promise<number | OwnerInfo> {
  const interruption = listenForInterruption(({ code }) => {
    reportInterruption(context, plan, code)
    context.processEnd.now(code)
  })
  context.processEnd.advice = `${plan.executionId} stays as recorded; go on with: ${continueCommand(context, plan)}`
  const telemetry = createTelemetry({ clock: context.clock })
  let print = (text: string): void => context.note(text)
  const logger = createLogger({
    level: logLevelOf(context.env.AURA_LOG_LEVEL, 'error'),
    stream: { write: (text) => print(text.trimEnd()), isTTY: context.stderr.isTTY === true },
    clock: context.clock,
  })
  const flags = flagProviderOf(context, null, logger)
  const access = await openFileWithMesh(context, {
    agents: plan.agents,
    telemetry,
    logger,
    ...(flags === undefined ? {} : { flags }),
  })
  if (access.kind === 'owned') {
    interruption.stopListening()
    if (access.owner.kind === 'serve') return access.owner
    throw ownedBy(context.databasePath, access.owner)
  }
  const { opened } = access
  let server: ApiServer | undefined
  let progress: LiveProgress | undefined
  let ending: Ending
  let recorded: RunView | null = null
  const stray = catchStrayErrors(logger, context.processEnd, (thrown) => {
    const command = continueCommand(context, plan)
    if (context.isJson) context.json({ error: fatalError(thrown, plan.executionId, command) })
    else context.note(`${plan.executionId} stays as recorded. Go on with:\n  ${command}`)
  })
  const entries: LogEntry[] = [...plan.history]
  try {
    server = await openOwnerServer(context, { opened, telemetry, logger, kind: 'run' })
    const watched = watch(context, plan, { opened, entries })
    progress = watched
    print = (text) => watched.print(text)
    context.foreign.sink = (text) => watched.print(text.trimEnd())
    const { executionId, document, input } = plan
    const options = { executionId, input, workflows: plan.neighbours }
    const ended = opened.engine.executeDocument(document, options)
    ended.then((view) => (recorded = view)).catch(() => {})
    ending = await Promise.race([
      ended.then((view): Ending => ({ kind: 'ended', view })),
      interruption.requested.then(({ code }): Ending => ({ kind: 'interrupted', code })),
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
  if (view !== null) return reportEnd(context, plan.document, { view, entries })
  return reportInterruption(context, plan, ending.kind === 'interrupted' ? ending.code : 0)
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

function reportInterruption(context: CommandContext, plan: RunPlan, code: number): number {
  if (context.isJson) context.json(recordedView(context, plan.executionId))
  context.note(
    `stopped; ${plan.executionId} stays as recorded. Go on with:\n  ${continueCommand(context, plan)}`,
  )
  return code
}

/** The execution as it is recorded; the error where not even its start is. */
function recordedView(context: CommandContext, executionId: string): object {
  try {
    const look = openLook(context.databasePath)
    try {
      return runView(look.show(executionId))
    } finally {
      look.close()
    }
  } catch (thrown) {
    return { error: toErrorJson(thrown, 'InternalError') }
  }
}

function fatalError(thrown: Error, executionId: string, command: string): ErrorJson {
  return new OrchestrationError(
    'AgentModuleError',
    `an exception was thrown and nobody caught it: ${messageOf(thrown)}`,
    { hint: `${executionId} stays as recorded; go on with: ${command}`, details: { executionId } },
  ).toJSON()
}
