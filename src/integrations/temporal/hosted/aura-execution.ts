import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import { deadLetterViews } from '../../../engine/hosted.ts'
import type { EndedRun, ExecutionStart, Verb } from '../wire.ts'
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
  slotSignal,
  startQuery,
  steerUpdate,
} from './messages.ts'
import { applyVerb, checkVerb } from './steering.ts'

/** Temporal takes no arguments over 2 MB: what has become longer goes on in the run in which it is. */
const carriedCharactersMax = 1_200_000
/** Where a store takes what is larger: each new run reads it as a whole. */
const storedCharactersMax = 20_000_000

/**
 * An execution of Aura as a Temporal workflow: it hosts the kernel, and Temporal's history is its journal. It
 * ends as the execution does: completed with the run view, failed with that view in its details, or cancelled.
 * A cancellation that Temporal itself is asked for is the verb `cancel`.
 */
export async function auraExecution(start: ExecutionStart): Promise<EndedRun> {
  refuseForeign(start)
  const execution = new HostedExecution(start)
  setHandler(runQuery, () => ({ asked: execution.run() }))
  setHandler(showQuery, (nowMs) => ({ asked: execution.show(nowMs) }))
  setHandler(logQuery, (afterSeq = 0) => ({ asked: execution.page(afterSeq) }))
  setHandler(entriesQuery, (nowMs) => ({ asked: execution.entries(nowMs) }))
  setHandler(deadLettersQuery, () => ({ asked: deadLetterViews(execution.state) }))
  setHandler(effectsQuery, (to, nowMs) => ({ asked: execution.effects(to, nowMs) }))
  setHandler(startQuery, () => ({ asked: execution.head() }))
  execution.begin()
  setHandler(steerUpdate, (verb: Verb) => applyVerb(execution, verb), {
    validator: (verb: Verb) => checkVerb(execution, verb),
  })
  setHandler(relaySignal, (verb) => void execution.stimulate(verb))
  setHandler(childSignal, (told) => execution.childTold(told))
  setHandler(slotSignal, (told) => execution.slotTold(told))
  CancellationScope.current().cancelRequested.catch(() => execution.stimulate({ kind: 'cancel' }))
  const next = await CancellationScope.nonCancellable(() => untilEnd(execution, start))
  if (next !== null) await continueAsNew<typeof auraExecution>(next)
  return ending(execution)
}

/**
 * @returns what the next run is started with, once the history of this one is long and nothing is on its way;
 *   null when the execution has ended
 */
async function untilEnd(
  execution: HostedExecution,
  { historyEventsMax, hasPayloadStore = false }: ExecutionStart,
): Promise<ExecutionStart | null> {
  const charactersMax = hasPayloadStore ? storedCharactersMax : carriedCharactersMax
  const isLong = (): boolean => {
    const { continueAsNewSuggested, historyLength } = workflowInfo()
    return continueAsNewSuggested || historyLength >= (historyEventsMax ?? Infinity)
  }
  await condition(() => execution.isOver || isLong())
  const next = (): ExecutionStart | null => {
    const start = execution.next([{ kind: 'recovered' }])
    return JSON.stringify(start).length < charactersMax ? start : null
  }
  if (!execution.isOver && next() !== null) {
    execution.drain()
    await condition(() => execution.isOver || (execution.isQuiet && allHandlersFinished()))
    // What was on its way may have made it too large meanwhile.
    const start = execution.isOver ? null : next()
    if (start !== null) return start
    execution.resume()
  }
  do {
    await condition(() => execution.isOver)
    await execution.tellParent()
    // A verb may have come meanwhile, with which it goes on.
  } while (!execution.isOver)
  return null
}

/** Anybody may start a workflow of this name: what no engine of ours has sent fails at once, and is not tried for ever. */
function refuseForeign(start: Partial<ExecutionStart> | undefined): void {
  if (typeof start?.executionId === 'string' && typeof start.document === 'object') return
  throw ApplicationFailure.create({
    message:
      'this is no start of an execution: start it with Aura, by `aura run --engine temporal`',
    type: 'InputError',
    nonRetryable: true,
  })
}

function ending(execution: HostedExecution): EndedRun {
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
