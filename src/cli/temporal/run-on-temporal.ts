import type { LogEntry } from '../../engine/index.ts'
import type { TemporalEngine } from '../../integrations/temporal/index.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { listenForInterruption } from '../interruption.ts'
import { startProgress } from '../progress/live-progress.ts'
import { ProgressModel } from '../progress/progress-model.ts'
import type { RunPlan } from '../run-plan.ts'
import { mayBeginWait, WaitAdvice } from '../wait-advice.ts'
import { reportEnd } from '../run-report.ts'
import { withEngineAt } from './engine-at.ts'

/** How often Temporal is asked what has happened. */
const lookMs = 500

/**
 * Starts an execution on Temporal, or attaches to the one of its id, and watches it; the workers of the task
 * queue drive it, so Ctrl-C only detaches.
 *
 * @throws AgentCommunicationError when the task queue has no worker, unless it is detached
 */
export async function runOnTemporal(
  context: CommandContext,
  plan: RunPlan,
  { detach = false }: { readonly detach?: boolean },
): Promise<number> {
  return withEngineAt(context, async (engine) => {
    if (!detach) await engine.requireWorkers(plan.executionId)
    const { document, input, executionId } = plan
    await engine.startDocument(document, { input, executionId })
    if (!detach) return watch(context, plan, engine)
    if (context.isJson) context.json({ executionId })
    else context.say(`${executionId}  started`)
    return exitCodes.done
  })
}

async function watch(
  context: CommandContext,
  plan: RunPlan,
  engine: TemporalEngine,
): Promise<number> {
  const { executionId, document } = plan
  const interruption = listenForInterruption(({ code }) => context.processEnd.now(code))
  const model = new ProgressModel(executionId, document)
  const progress = startProgress(context, model)
  const advice = new WaitAdvice(context, model)
  const entries: LogEntry[] = []
  const look = async (): Promise<void> => {
    const fresh = await engine.getLog(executionId, entries.at(-1)?.seq)
    for (const entry of fresh) {
      entries.push(entry)
      progress.event(entry)
    }
    if (fresh.some(mayBeginWait)) for (const line of advice.newLines()) progress.print(line)
  }
  const ended = engine.continueWorkflow(executionId)
  ended.catch(() => {}) // told below, unless somebody detaches before
  try {
    for (;;) {
      const pause = new Promise<null>((resolve) => context.clock.after(lookMs, () => resolve(null)))
      const next = await Promise.race([ended, interruption.requested, pause])
      if (next !== null && 'code' in next) {
        context.note(`${executionId} goes on: its workers drive it`)
        return next.code
      }
      await look()
      if (next !== null) {
        progress.stop()
        return await reportEnd(context, document, { view: next, entries })
      }
    }
  } finally {
    progress.stop()
    interruption.stopListening()
  }
}
