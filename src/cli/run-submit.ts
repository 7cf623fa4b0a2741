import { messageOf, OrchestrationError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { findOwner } from '../storage/index.ts'
import type { OwnerInfo } from '../storage/index.ts'
import { openLook } from '../engine/index.ts'
import type { LogEntry, Look, RunView } from '../engine/index.ts'
import type { CommandContext } from './command-context.ts'
import { exitCodes } from './exit-code.ts'
import { listenForInterruption } from './interruption.ts'
import { askOwner } from './owner-client.ts'
import { startProgress } from './progress/live-progress.ts'
import type { LiveProgress } from './progress/live-progress.ts'
import { ProgressModel } from './progress/progress-model.ts'
import { reportEnd } from './run-report.ts'
import type { RunPlan } from './run-plan.ts'
import { runView } from './run-view.ts'
import { shellCommand } from './shell-quote.ts'
import { mayBeginWait, WaitAdvice } from './wait-advice.ts'

/** How often the journal is looked at while attached, and how often the owner. */
const lookMs = 100
const looksPerOwnerCheck = 10

/**
 * Hands an execution to the `aura serve` that owns the file, and watches it to its end. The progress is
 * read from the journal, so it goes on when the owner is started anew.
 *
 * @throws OwnerError when the owner cannot be asked, or goes while nobody takes its place; what it refuses
 */
export async function submitExecution(
  context: CommandContext,
  owner: OwnerInfo,
  plan: RunPlan,
  options: {
    /** Returns after the submission. */
    readonly isDetached: boolean
  },
): Promise<number> {
  const { executionId, input } = plan
  for (const neighbour of plan.neighbours) {
    const body = neighbour as unknown as JsonObject
    await askOwner(owner, { method: 'POST', path: '/v1/workflows', body })
  }
  const document = plan.data as unknown as JsonObject
  await askOwner(owner, {
    method: 'POST',
    path: '/v1/executions',
    body: { document, input, executionId },
  })
  const look = openLook(context.databasePath)
  try {
    if (options.isDetached) return reportSubmitted(context, owner, { look, executionId })
    return await attach(context, owner, { plan, look })
  } finally {
    look.close()
  }
}

function reportSubmitted(
  context: CommandContext,
  owner: OwnerInfo,
  { look, executionId }: { readonly look: Look; readonly executionId: string },
): number {
  const view = runView(look.show(executionId))
  if (context.isJson) context.json(view)
  else context.say(`${executionId}  ${view.status}`)
  context.note(
    `submitted to 'aura serve' with pid ${owner.pid}; ${watchAdvice(context, executionId)}`,
  )
  return exitCodes.done
}

async function attach(
  context: CommandContext,
  owner: OwnerInfo,
  { plan, look }: { readonly plan: RunPlan; readonly look: Look },
): Promise<number> {
  const entries: LogEntry[] = []
  const interruption = listenForInterruption(({ code }) => {
    reportDetached(context, owner, { plan, look })
    context.processEnd.now(code)
  })
  let isDetached = false
  let code: number = exitCodes.interrupted
  void interruption.requested.then((interrupt) => {
    isDetached = true
    code = interrupt.code
  })
  const model = new ProgressModel(plan.executionId, plan.document)
  const progress = startProgress(context, model)
  let view: RunView | null
  try {
    view = await follow(context, { plan, look, model, progress, entries }, () => isDetached)
  } finally {
    progress.stop()
    interruption.stopListening()
  }
  if (view !== null) return reportEnd(context, plan.document, { view, entries })
  reportDetached(context, owner, { plan, look })
  return code
}

interface Watch {
  readonly plan: RunPlan
  readonly look: Look
  readonly model: ProgressModel
  readonly progress: LiveProgress
  readonly entries: LogEntry[]
}

/** @returns how it ended; null when the reader went away first. */
async function follow(
  context: CommandContext,
  { plan, look, model, progress, entries }: Watch,
  isDetached: () => boolean,
): Promise<RunView | null> {
  const advice = new WaitAdvice(context, model)
  for (let looks = 1; ; looks++) {
    const fresh = look.log(plan.executionId, model.lastSeq)
    for (const entry of fresh) {
      entries.push(entry)
      progress.event(entry)
    }
    if (fresh.some(mayBeginWait)) for (const line of advice.newLines()) progress.print(line)
    if (model.outcome !== null) return runView(look.show(plan.executionId))
    if (isDetached()) return null
    if (looks % looksPerOwnerCheck === 0) checkDriven(context, plan)
    await new Promise<void>((resolve) => context.clock.after(lookMs, resolve))
  }
}

/** @throws OwnerError when nobody drives the execution any more */
function checkDriven(context: CommandContext, { executionId }: RunPlan): void {
  if (findOwner(context.databasePath).isOwned) return
  throw new OrchestrationError('OwnerError', `the 'aura serve' that drove ${executionId} is gone`, {
    retryable: true,
    hint: `${executionId} stays as recorded; the next 'aura serve' goes on with it`,
    details: { executionId },
  })
}

function reportDetached(
  context: CommandContext,
  owner: OwnerInfo,
  { plan, look }: { readonly plan: RunPlan; readonly look: Look },
): void {
  const { executionId } = plan
  if (context.isJson) context.json(viewOrError(look, executionId))
  context.note(
    `detached; ${executionId} goes on in 'aura serve' with pid ${owner.pid}. ${watchAdvice(context, executionId)}`,
  )
}

function viewOrError(look: Look, executionId: string): object {
  try {
    return runView(look.show(executionId))
  } catch (thrown) {
    return new OrchestrationError('InternalError', messageOf(thrown)).toJSON()
  }
}

function watchAdvice(context: CommandContext, executionId: string): string {
  const { commandName, placeArgument } = context
  const command = (...words: string[]): string =>
    `${shellCommand([commandName, ...words])}${placeArgument}`
  return `Watch it with:\n  ${command('logs', executionId, '-f')}\nand stop it with:\n  ${command('cancel', executionId)}`
}
