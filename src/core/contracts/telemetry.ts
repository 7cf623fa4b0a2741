import type { ErrorJson } from '../errors.ts'

/** The caches whose use is counted. */
export type CacheName = 'plans' | 'tda_context' | 'embeddings' | 'state'

/** Where the engine tells what it does, for metrics and traces. Calls must be cheap and must not throw. */
export interface Telemetry {
  /** An execution is driven by this process from now on; `recovered` when it had begun before. */
  executionStarted(info: {
    readonly executionId: string
    readonly workflow: string
    readonly version: string
    readonly recovered: boolean
  }): ExecutionTelemetry
  /** A coordination pattern was used. */
  patternUsed(pattern: string): void
  /** A trigger fired and nothing was started: refused for good, or left out since one was running or it was too late. */
  triggerLeft(workflow: string, why: 'refused' | 'skipped'): void
  /** The circuit breaker of an agent is in another state: calls reach the agent, or do not. */
  breakerChanged(agent: string, state: 'closed' | 'open' | 'halfOpen'): void
  /** A call did not reach its agent. */
  callRefused(agent: string, reason: string): void
  /** Something was sought in a cache, and was there or not. */
  cacheRead(cache: CacheName, isHit: boolean): void
  /** A read or write of workflow state, or a commit of the journal, took so long. */
  stateOperation(operation: 'get' | 'set' | 'commit', durationMs: number): void
}

export interface ExecutionTelemetry {
  /** 32 hexadecimal digits; null when nothing records traces. */
  readonly traceId: string | null
  attemptStarted(info: {
    readonly stepId: string
    readonly index: number | null
    readonly attempt: number
    readonly agent: string
    readonly action: string
    readonly idempotencyKey: string
  }): AttemptTelemetry
  stepEnded(stepId: string, status: string): void
  /** Entries of the state were written: `key@version` each. */
  stateChanged(changes: readonly string[]): void
  /** The execution has ended, or this process drives it no longer (`status` is then `left`). */
  ended(
    status: 'completed' | 'failed' | 'cancelled' | 'left',
    durationMs: number,
    error: ErrorJson | null,
  ): void
}

export interface AttemptTelemetry {
  /** W3C trace context to hand on; null when nothing records traces. */
  readonly traceparent: string | null
  ended(
    outcome: 'completed' | 'failed' | 'unknown' | 'suspended',
    durationMs: number,
    error: ErrorJson | null,
  ): void
}

const silentAttempt: AttemptTelemetry = { traceparent: null, ended() {} }
const silentExecution: ExecutionTelemetry = {
  traceId: null,
  attemptStarted: () => silentAttempt,
  stepEnded() {},
  stateChanged() {},
  ended() {},
}

/** Telemetry that records nothing. */
export const silentTelemetry: Telemetry = {
  executionStarted: () => silentExecution,
  patternUsed() {},
  triggerLeft() {},
  breakerChanged() {},
  callRefused() {},
  cacheRead() {},
  stateOperation() {},
}
