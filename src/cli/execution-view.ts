import { isOrchestrationError } from '../core/errors.ts'
import { type LogEntry, openLook, type ShowView } from '../engine/index.ts'
import { findOwner } from '../storage/index.ts'
import type { CommandContext } from './command-context.ts'
import { askOwner } from './owner-client.ts'
import { ownerView, ownerWithoutFile } from './owner-view.ts'
import { endedStatuses } from './status-mark.ts'

/** How an execution stands, and what is recorded of it; nothing where only its view is told. */
export interface ExecutionView {
  readonly view: ShowView
  readonly entries: readonly LogEntry[]
}

/**
 * Looks at an execution: on Temporal where the context says so, else in the file. Of one that is open the owner of
 * the file is asked, who knows more than is recorded; where none answers the file tells.
 *
 * @throws NotFoundError; OwnerError, StorageError, AgentCommunicationError when whoever knows it is out of reach
 */
export async function executionView(
  context: CommandContext,
  executionId: string,
): Promise<ExecutionView> {
  if (context.temporal !== null) {
    const { withEngineAt } = await import('./temporal/engine-at.ts')
    return withEngineAt(context, async (engine) => {
      const view = await engine.getExecution(executionId)
      return { view, entries: await engine.getLog(executionId) }
    })
  }
  const elsewhere = ownerWithoutFile(context)
  if (elsewhere !== null) {
    const path = `/v1/executions/${encodeURIComponent(executionId)}`
    const view = (await askOwner(elsewhere, { method: 'GET', path })) as unknown as ShowView
    return { view, entries: [] }
  }
  const look = openLook(context.databasePath)
  try {
    const recorded = look.show(executionId)
    const isOpen = !endedStatuses.has(recorded.status)
    const view = isOpen ? ((await liveView(context, executionId)) ?? recorded) : recorded
    return { view, entries: look.log(executionId) }
  } finally {
    look.close()
  }
}

/** As the owner sees it; null without an owner, or when it does not say. */
async function liveView(context: CommandContext, executionId: string): Promise<ShowView | null> {
  const { owner } = findOwner(context.databasePath)
  if (owner === null) return null
  try {
    return await ownerView(owner, executionId)
  } catch (thrown) {
    if (!isOrchestrationError(thrown)) throw thrown
    context.note(`${thrown.message}; this is what is recorded`)
    return null
  }
}
