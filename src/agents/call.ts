import type { BudgetLeft } from '../core/contracts/budget.ts'
import type { MeshPort } from '../core/contracts/mesh.ts'
import type { NestedCaller } from '../core/contracts/nested-call.ts'
import type { SecretPlace } from '../core/contracts/secret.ts'
import type { TdaContext } from '../core/contracts/tda.ts'
import type { JsonValue } from '../core/json.ts'
import type { AgentContext, CallOutcome } from './contract.ts'
import type { Memories } from './memory/memories.ts'
import type { ReadState } from './state-buffer.ts'

/** One attempt of one call, as the engine asks for it. */
export interface AgentCall {
  /** Given to the agent as its own copy. */
  readonly input: JsonValue
  readonly executionId: string
  readonly stepId: string
  readonly index: number | null
  readonly attempt: number
  readonly idempotencyKey: string
  /** Of this attempt, capped by the agent's `timeoutMs`; null for none. */
  readonly timeoutMs: number | null
  readonly correlationId: string
  readonly tda: TdaContext
  readonly budget: BudgetLeft
  readonly resumed: AgentContext['resumed']
  /** Ids of the agents that are being called, the outermost first and this one last. */
  readonly chain?: readonly string[]
  /** Where the input names secrets, which the agent's process puts in; absent for none. */
  readonly secrets?: readonly SecretPlace[]
  /** Absent: there is no state. */
  readonly readState?: ReadState
  /** Absent: nothing is remembered beyond the execution. */
  readonly memories?: () => Memories
  /** Makes the calls of `ctx.call`. Absent: the agent's host does. */
  readonly caller?: NestedCaller
  /** Absent or null: there is no mesh; the call may publish all the same. */
  readonly mesh?: MeshPort | null
  /** W3C trace context of the attempt; absent or null when nothing records traces. */
  readonly traceparent?: string | null
}

/** Told the outcome of a call: exactly once, never before `invoke` has returned. It must not throw. */
export type Settle = (outcome: CallOutcome) => void

/** A call under way. */
export interface RunningCall {
  /**
   * Tells the agent to stop, by `ctx.signal`; without effect once the call has ended. What a function answers
   * after that still counts; a connection is closed, which ends the call.
   */
  abort(reason: string): void
  /** Ends the call now, whatever its agent does; without effect once it has ended. */
  stop(reason: string): void
}
