import {
  AgentCommunicationError,
  type ErrorJson,
  fromErrorJson,
  isOrchestrationError,
  messageOf,
  OrchestrationError,
  ResourceExhaustionError,
} from '../../core/errors.ts'
import { outOfReach } from './connect.ts'
import type { ClientModule } from './load.ts'

export interface AskedWhat {
  readonly executionId: string
  readonly address: string
  readonly taskQueue: string
}

/** Status codes of gRPC that mean something of their own here. */
const cancelled = 1
const deadlineExceeded = 4
const resourceExhausted = 8
const failedPrecondition = 9
const unavailable = 14

/** What Temporal's client threw, in the words of Aura. */
export function temporalError(
  module: ClientModule,
  thrown: unknown,
  asked: AskedWhat,
): OrchestrationError {
  if (isOrchestrationError(thrown)) return thrown
  const { executionId, address, taskQueue } = asked
  if (thrown instanceof module.WorkflowNotFoundError)
    return new OrchestrationError(
      'NotFoundError',
      `Temporal at ${address} has no execution '${executionId}' that goes on`,
      { hint: 'it has ended, or its id, namespace or address is another one' },
    )
  const refusal = refusalIn(module, thrown)
  if (refusal !== null) return fromErrorJson(refusal)
  const code = module.isGrpcServiceError(thrown) ? thrown.code : codeOfCause(thrown)
  if (code === unavailable || isUnsent(thrown)) return outOfReach(address, thrown)
  if (code === resourceExhausted)
    return new ResourceExhaustionError(
      `Temporal at ${address} takes no more at the moment: ${messageOf(causeOf(thrown) ?? thrown)}`,
      { cause: thrown, retryable: true, hint: 'ask less at once, or raise the limit in Temporal' },
    )
  const isTimeout = thrown instanceof module.WorkflowUpdateRPCTimeoutOrCancelledError
  const isUnanswered = code === deadlineExceeded || code === failedPrecondition
  if (isTimeout || isUnanswered || isDropped(module, thrown)) return noWorker(asked, thrown)
  return new OrchestrationError(
    'OrchestrationError',
    `Temporal at ${address} refused what was asked about '${executionId}': ${messageOf(causeOf(thrown) ?? thrown)}`,
    {
      cause: thrown,
      hint: `look at the execution and at the task queue '${taskQueue}' in Temporal`,
    },
  )
}

/** Whether the deadline passed before the question reached anybody: gRPC says then which connection it waited for. */
function isUnsent(thrown: unknown): boolean {
  const text = `${messageOf(thrown)} ${messageOf(causeOf(thrown) ?? '')}`
  return text.includes('Deadline exceeded after') && !text.includes('remote_addr=')
}

/** Whether Temporal gave a question up that nobody here has cancelled, as it does when it has much to do. */
export function isDropped(module: ClientModule, thrown: unknown): boolean {
  const code = module.isGrpcServiceError(thrown) ? thrown.code : codeOfCause(thrown)
  return code === cancelled
}

/** Whether Temporal does not answer at the moment, or too many ask it at once, as far as this error tells. */
export function isForNow(module: ClientModule, thrown: unknown): boolean {
  const code = module.isGrpcServiceError(thrown) ? thrown.code : codeOfCause(thrown)
  return code === unavailable || code === resourceExhausted
}

/** The error for a task queue that nobody works for. */
export function noWorker(
  { taskQueue, address }: Pick<AskedWhat, 'taskQueue' | 'address'>,
  cause?: unknown,
): OrchestrationError {
  return new AgentCommunicationError(
    `no worker answers on task queue '${taskQueue}' of Temporal at ${address}`,
    { hint: `start one: aura worker --task-queue ${taskQueue}`, cause },
  )
}

/** The error that a workflow's validator sent, as JSON in the details of the failure. */
function refusalIn(module: ClientModule, thrown: unknown): ErrorJson | null {
  if (!(thrown instanceof module.WorkflowUpdateFailedError)) return null
  const { cause } = thrown
  if (!(cause instanceof module.ApplicationFailure)) return null
  return (cause.details?.[0] as ErrorJson | undefined) ?? null
}

function causeOf(thrown: unknown): unknown {
  return (thrown as { readonly cause?: unknown } | null)?.cause
}

function codeOfCause(thrown: unknown): unknown {
  return (causeOf(thrown) as { readonly code?: unknown } | null | undefined)?.code
}
