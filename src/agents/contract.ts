import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Effect } from '../core/contracts/call.ts'
import type { CallBudget } from '../core/contracts/budget.ts'
import type { MemoryAccess } from '../core/contracts/memory.ts'
import type { MeshAccess } from '../core/contracts/mesh.ts'
import type { StateAccess } from '../core/contracts/state.ts'
import type { TdaContext } from '../core/contracts/tda.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { LogFields, Logger } from '../core/logger.ts'

export type { ActionContract, CallOutcome, Effect, LookupOutcome } from '../core/contracts/call.ts'

/** A Standard Schema (zod and others) or a JSON Schema 2020-12. */
export type Schema = StandardSchemaV1 | JsonObject

/** A logger with a method for each level beside `log`. */
export interface AgentLogger extends Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  with(fields: LogFields): AgentLogger
}

/** What an action is given beside its input. */
export interface AgentContext {
  readonly executionId: string
  readonly stepId: string
  /** Position in the step's `forEach`; null without one. */
  readonly index: number | null
  /** Starts at 1; a re-delivery after a crash keeps its number. */
  readonly attempt: number
  /** The same for every attempt and re-delivery of this call. */
  readonly idempotencyKey: string
  /** Aborted on timeout, cancel and shutdown. */
  readonly signal: AbortSignal
  /** Epoch time at which the attempt times out; null for never. */
  readonly deadlineMs: number | null
  readonly correlationId: string
  readonly logger: AgentLogger
  readonly tda: TdaContext
  /** What budgets leave to this call, and where it says what it has used. */
  readonly budget: CallBudget
  /** The signal that ended this call's suspension; null on a first call. */
  readonly resumed: {
    readonly signal: string
    readonly data: JsonValue
    readonly resumeToken: JsonValue
  } | null
  /** The state that the steps of the execution share. Writes are recorded together with the call's output. */
  readonly state: StateAccess
  /**
   * Calls another agent. The call is an execution of its own, named after this call and its number in it: a
   * repeat of this call gets what the first one got, and what may happen only once does. It never waits for
   * a place of an agent that is being called above it.
   *
   * @param options `timeoutMs` of each attempt; default 5 min. `number` says which call of this one it is,
   *   from 1, where the order of calls does not; default they are counted
   * @throws UnknownOutcomeError when nobody knows whether the other call happened; the error that the call failed with; RefusedError at more than `callDepthMax` inside one another
   */
  call(
    agent: string,
    action: string,
    input?: JsonObject,
    options?: { readonly timeoutMs?: number; readonly number?: number },
  ): Promise<JsonValue>
  /** What the calls of the execution note, and what the agent remembers from execution to execution. */
  readonly memory: MemoryAccess
  /** Messages between agents. What is published is sent when the call completes. */
  readonly mesh: MeshAccess
  /** Reports progress, 0 to 1, to whoever watches. Not journalled. */
  progress(fraction: number, note?: string): void
}

/** JSON pointers (RFC 6901) into the body of an answer, such as `/usage/total_tokens`; of several the sum. */
export interface UsagePlaces {
  readonly tokens?: string | readonly string[]
  readonly costUsd?: string | readonly string[]
}

/** One thing an agent can do. */
export interface ActionDefinition {
  /** What it does, in a sentence; a language model that has it as a tool is told so. */
  readonly description?: string
  readonly effect: Effect
  readonly input?: Schema
  readonly output?: Schema
  /**
   * The most tokens, and US dollars, that one delivery uses: so much is reserved in every budget before it
   * is made. Absent: it uses none, and what it reports all the same is an overrun.
   */
  readonly maxTokens?: number
  readonly maxCostUsd?: number
  /**
   * Where the answer of an agent that is called at its `url` says what the call has used. One that does not say so
   * counts as the most. Absent: it uses nothing.
   */
  readonly usage?: UsagePlaces
  /** Absent for an agent that is called at its `url`. */
  readonly run?: (input: never, context: AgentContext) => unknown
  /** Tells the outcome of an earlier call: its output, or undefined when it never happened; a throw means still unknown. */
  readonly lookup?: (idempotencyKey: string) => unknown
}
