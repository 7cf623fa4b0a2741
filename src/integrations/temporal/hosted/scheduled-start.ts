import {
  ChildWorkflowCancellationType,
  log,
  ParentClosePolicy,
  proxyLocalActivities,
  startChild,
  workflowInfo,
} from '@temporalio/workflow'
import { systemClock } from '../../../core/clock.ts'
import { type TdaContext, unavailableTda } from '../../../core/contracts/tda.ts'
import { type ErrorJson, toErrorJson } from '../../../core/errors.ts'
import { shardOf } from '../../../placement/index.ts'
import { compileTemplate } from '../../../workflow/index.ts'
import { startMemo } from '../start-memo.ts'
import {
  type Activities,
  type ExecutionStart,
  type ScheduledEnd,
  type ScheduledStart,
  workflowType,
} from '../wire.ts'
import { checkedInput } from './checked-input.ts'
import { isIdTaken } from './taken-id.ts'

/** How long a worker may take to say what the TDA feed says. */
const answerTimeoutMs = 5_000
const scheduledTime = { name: 'TemporalScheduledStartTime', type: 'DATETIME' } as const

/**
 * One scheduled time of a trigger: starts the execution of that time and lasts as long as it, so that Temporal
 * leaves out the times that come meanwhile.
 */
export async function auraScheduledStart(asked: ScheduledStart): Promise<ScheduledEnd> {
  const { typedSearchAttributes, startTime } = workflowInfo()
  const scheduledMs = (typedSearchAttributes.get(scheduledTime) ?? startTime).getTime()
  const executionId = `${asked.prefix}${scheduledMs}`
  const over = (
    outcome: ScheduledEnd['outcome'],
    error: ErrorJson | null = null,
  ): ScheduledEnd => ({
    executionId,
    outcome,
    error,
  })
  if (systemClock.nowMs() - scheduledMs > asked.lateMsMax) return over('late')
  let start: ExecutionStart
  try {
    start = await startAt(asked, executionId)
  } catch (thrown) {
    const error = toErrorJson(thrown, 'InternalError')
    log.warn('a trigger fired, but nothing could be started', { executionId, error: error.message })
    return over('refused', error)
  }
  try {
    const execution = await startChild(workflowType, {
      workflowId: executionId,
      taskQueue: asked.taskQueues[shardOf(executionId, asked.taskQueues.length)] as string,
      args: [start],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      ...startMemo(start),
    })
    // However it ends: the execution tells that itself.
    await execution.result().catch(() => {})
    return over('started')
  } catch (thrown) {
    if (isIdTaken(thrown)) return over('existed')
    throw thrown
  }
}

/** @throws ExpressionError, InputError: nothing will come of it */
async function startAt(
  { input, inputReadsTda, start }: ScheduledStart,
  executionId: string,
): Promise<ExecutionStart> {
  const tda = inputReadsTda ? await readTda() : unavailableTda
  const given = compileTemplate(input).evaluate({ tda })
  // Nobody starts an execution of this id by hand: there is nothing to compare with it.
  return { ...start, executionId, startHash: '', input: checkedInput(start.document, given) }
}

/** Never rejects: without an answer nothing is known. */
async function readTda(): Promise<TdaContext> {
  try {
    const worker = proxyLocalActivities<Activities>({ startToCloseTimeout: answerTimeoutMs })
    return await worker.getTdaContext()
  } catch {
    return unavailableTda
  }
}
