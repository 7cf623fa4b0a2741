import type { ErrorJson } from '../core/errors.ts'
import type { JsonValue } from '../core/json.ts'
import type { ActionPlan } from './action-plan.ts'
import type { AgentCall } from './call.ts'
import type { AgentContext } from './contract.ts'

/** Whether the effect of a call that failed has happened. */
export type Happened = 'never' | 'unknown' | 'done'

/** A call as a transport sees it. Everything after the first answer is ignored. */
export interface TransportCall {
  readonly plan: ActionPlan
  readonly call: AgentCall
  readonly context: AgentContext
  /** Null sends no trace header. */
  readonly traceparent: string | null
  /** Runs once when the call ends without an answer. */
  onCancel(cancel: () => void): void
  /** Said before anything that could have an effect. */
  sent(): void
  /** Any value the agent gave; it is made JSON, checked and bounded by the caller. */
  returned(value: unknown): void
  /** Anything the agent threw. */
  threw(thrown: unknown): void
  failed(error: ErrorJson, happened: Happened): void
}

/** How calls reach an agent. */
export interface AgentTransport {
  /** As lists of agents show it; default what the agent's configuration says. */
  readonly name?: string
  /** What is sent is stored on its way, so secrets are not. Default false. */
  readonly isKept?: boolean
  /** Makes ready for calls. A throw quarantines the agent. */
  open(): void
  /** Begins a call; never throws. */
  call(call: TransportCall, input: JsonValue): void
  /** The output of an earlier call, undefined when it never happened; a rejection means still unknown. */
  lookup(plan: ActionPlan, idempotencyKey: string, signal: AbortSignal): Promise<unknown>
  /** Ends what `open` began. */
  close(): void
}
