import {
  CancellationScope,
  CancelledFailure,
  defaultPayloadConverter,
  defineQuery,
  defineSignal,
  type Headers,
  setHandler,
  workflowInfo,
  type WorkflowInterceptors,
} from '@temporalio/workflow'
import { busyQuery, jumpSignal, nextDueQuery, nowHeader, serverId } from './messages.ts'

const jump = defineSignal<[number]>(jumpSignal)
const isBusy = defineQuery<boolean>(busyQuery)
const nextDue = defineQuery<number | null>(nextDueQuery)

interface Armed {
  readonly dueMs: number
  readonly fire: () => void
}

/**
 * The sandbox's time stands still until it is told otherwise, so that a suite which owns time also owns that
 * of executions on a real server. Timers are kept here and none is asked of Temporal.
 */
export function interceptors(): WorkflowInterceptors {
  let nowMs = 0
  const armed = new Set<Armed>()
  let inFlight = 0
  const counted = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    inFlight++
    try {
      return await work()
    } finally {
      inFlight--
    }
  }
  const withNow = (headers: Headers): Headers => ({
    ...headers,
    [nowHeader]: defaultPayloadConverter.toPayload(nowMs),
  })
  return {
    inbound: [
      {
        execute(input, next) {
          const payload = input.headers[nowHeader]
          if (payload === undefined) throw new Error('nobody said what time it is')
          nowMs = defaultPayloadConverter.fromPayload<number>(payload)
          Date.now = () => nowMs
          setHandler(nextDue, () => firstOf(armed))
          setHandler(isBusy, () => inFlight > 0)
          setHandler(jump, (toMs) => {
            nowMs = Math.max(nowMs, toMs)
            for (const one of [...armed].filter(({ dueMs }) => dueMs <= nowMs)) {
              armed.delete(one)
              one.fire()
            }
          })
          return next(input)
        },
      },
    ],
    outbound: [
      {
        startTimer({ durationMs }) {
          return new Promise((resolve, reject) => {
            const timer = { dueMs: nowMs + durationMs, fire: resolve }
            armed.add(timer)
            CancellationScope.current().cancelRequested.catch(() => {
              armed.delete(timer)
              reject(new CancelledFailure('the timer is of no use any more'))
            })
          })
        },
        startChildWorkflowExecution(input, next) {
          const workflowId = serverId(workflowInfo().taskQueue, input.options.workflowId)
          const options = { ...input.options, workflowId }
          return counted(() => next({ ...input, options, headers: withNow(input.headers) }))
        },
        signalWorkflow(input, next) {
          const { target } = input
          if (target.type !== 'external') return next(input)
          const { workflowId, runId } = target.workflowExecution
          const workflowExecution = {
            workflowId: serverId(workflowInfo().taskQueue, workflowId ?? ''),
            ...(runId === undefined ? {} : { runId }),
          }
          return counted(() => next({ ...input, target: { type: 'external', workflowExecution } }))
        },
        continueAsNew: (input, next) => next({ ...input, headers: withNow(input.headers) }),
      },
    ],
  }
}

function firstOf(armed: ReadonlySet<Armed>): number | null {
  return armed.size === 0 ? null : Math.min(...[...armed].map(({ dueMs }) => dueMs))
}
