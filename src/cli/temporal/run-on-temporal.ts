import type { LogEntry } from '../../engine/index.ts'
import type { TemporalEngine } from '../../integrations/temporal/index.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { listenForInterruption } from '../interruption.ts'
import { startProgress } from '../progress/live-progress.ts'
import { ProgressModel } from '../progress/progress-model.ts'
import type { RunPlan } from '../run-plan.ts'
import { reportEnd } from '../run-report.ts'
import { readSettings } from '../serve/settings.ts'
import { type TemporalFlags, temporalPlace } from './place.ts'
import { queuesOf } from './shared-site.ts'

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
  options: TemporalFlags & { readonly detach?: boolean },
): Promise<number> {
  const { openTemporalEngine } = await import('../../integrations/temporal/index.ts')
  const { clock } = context
  const { address, namespace, taskQueue } = options
  const settings = await readSettings(context, {
    ...(address === undefined ? {} : { address }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(taskQueue === undefined ? {} : { taskQueue }),
  })
  const engine = await openTemporalEngine({
    ...temporalPlace(settings.temporal),
    clock,
    // A queue that somebody names is meant as it is.
    ...(taskQueue === undefined ? { taskQueues: queuesOf(settings) } : {}),
  })
  try {
    if (options.detach !== true) await engine.requireWorkers(plan.executionId)
    const { document, input, executionId } = plan
    await engine.startDocument(document, { input, executionId })
    if (options.detach !== true) return await watch(context, plan, engine)
    if (context.isJson) context.json({ executionId })
    else context.say(`${executionId}  started`)
    return exitCodes.done
  } finally {
    await engine.close()
  }
}

async function watch(
  context: CommandContext,
  plan: RunPlan,
  engine: TemporalEngine,
): Promise<number> {
  const { executionId, document } = plan
  const interruption = listenForInterruption(({ code }) => context.processEnd.now(code))
  const progress = startProgress(context, new ProgressModel(executionId, document))
  const entries: LogEntry[] = []
  const look = async (): Promise<void> => {
    for (const entry of await engine.getLog(executionId, entries.at(-1)?.seq)) {
      entries.push(entry)
      progress.event(entry)
    }
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
