import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  setHandler,
} from '@temporalio/workflow'
import { deadLetterViews } from '../../../engine/hosted.ts'
import type { RunView } from '../../../engine/index.ts'
import type { ExecutionStart, Verb } from '../wire.ts'
import { HostedExecution } from './hosted-execution.ts'
import {
  childSignal,
  deadLettersQuery,
  effectsQuery,
  entriesQuery,
  logQuery,
  relaySignal,
  runQuery,
  showQuery,
  startQuery,
  steerUpdate,
} from './messages.ts'
import { applyVerb, checkVerb } from './steering.ts'

/**
 * An execution of Aura as a Temporal workflow: it hosts the kernel, and Temporal's history is its journal. It
 * ends as the execution does: completed with the run view, failed with that view in its details, or cancelled.
 * A cancellation that Temporal itself is asked for is the verb `cancel`.
 */
export async function auraExecution(start: ExecutionStart): Promise<RunView> {
  const execution = new HostedExecution(start)
  setHandler(runQuery, () => execution.run())
  setHandler(showQuery, (nowMs) => execution.show(nowMs))
  setHandler(logQuery, () => execution.log)
  setHandler(entriesQuery, (nowMs) => execution.entries(nowMs))
  setHandler(deadLettersQuery, () => deadLetterViews(execution.state))
  setHandler(effectsQuery, (to, nowMs) => execution.effects(to, nowMs))
  setHandler(startQuery, () => execution.start())
  execution.begin()
  setHandler(steerUpdate, (verb: Verb) => applyVerb(execution, verb), {
    validator: (verb: Verb) => checkVerb(execution, verb),
  })
  setHandler(relaySignal, (verb) => void execution.stimulate(verb))
  setHandler(childSignal, (told) => execution.childTold(told))
  CancellationScope.current().cancelRequested.catch(() => execution.stimulate({ kind: 'cancel' }))
  await CancellationScope.nonCancellable(async () => {
    await condition(() => execution.isOver)
    await execution.tellParent()
  })
  return ending(execution)
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
