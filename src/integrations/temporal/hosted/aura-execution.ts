import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  setHandler,
} from '@temporalio/workflow'
import type { RunView } from '../../../engine/index.ts'
import type { ExecutionStart, Verb } from '../wire.ts'
import { HostedExecution } from './hosted-execution.ts'
import { logQuery, runQuery, showQuery, steerUpdate } from './messages.ts'
import { applyVerb, checkVerb } from './steering.ts'

/**
 * An execution of Aura as a Temporal workflow: it hosts the kernel, and Temporal's history is its journal. It
 * ends as the execution does: completed with the run view, failed with that view in its details, or cancelled.
 * A cancellation that Temporal itself is asked for is the verb `cancel`.
 */
export async function auraExecution(start: ExecutionStart): Promise<RunView> {
  const execution = new HostedExecution(start)
  setHandler(runQuery, () => execution.run())
  setHandler(showQuery, () => execution.show())
  setHandler(logQuery, () => execution.log)
  setHandler(steerUpdate, (verb: Verb) => applyVerb(execution, verb), {
    validator: (verb: Verb) => checkVerb(execution, verb),
  })
  CancellationScope.current().cancelRequested.catch(() => execution.stimulate({ kind: 'cancel' }))
  execution.hear({ kind: 'start', origin: originOf(start) })
  await CancellationScope.nonCancellable(() => condition(() => execution.isOver))
  await CancellationScope.nonCancellable(() => execution.published())
  return ending(execution)
}

function originOf({ tenant }: ExecutionStart): { readonly tenant?: string } {
  return tenant === null ? {} : { tenant }
}

function ending(execution: HostedExecution): RunView {
  const view = execution.run()
  if (view.status === 'completed') return view
  if (view.status === 'cancelled') throw new CancelledFailure('the execution was cancelled')
  throw ApplicationFailure.create({
    message: view.error?.message ?? `the execution ended as ${view.status}`,
    type: view.error?.code ?? 'OrchestrationError',
    nonRetryable: true,
    details: [view],
  })
}
