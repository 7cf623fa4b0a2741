import type { TdaContext } from '../core/contracts/tda.ts'
import type { JsonValue } from '../core/json.ts'
import type { AgentContext, CallOutcome } from './contract.ts'

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
  readonly budget: AgentContext['budget']
  readonly resumed: AgentContext['resumed']
}

/** Told the outcome of a call: exactly once, never before `invoke` has returned. It must not throw. */
export type Settle = (outcome: CallOutcome) => void

/** A call under way. */
export interface RunningCall {
  /** Ends the call now, with the reason in its error; without effect once it has ended. */
  abort(reason: string): void
}
