import type { Effect } from '../../core/contracts/call.ts'
import type { PatternName } from '../../core/contracts/pattern.ts'
import type { PolicyDecision } from '../../core/contracts/policy.ts'
import type { MemoryChange } from '../../core/contracts/memory.ts'
import type { PublishedEvent } from '../../core/contracts/mesh.ts'
import type { ErrorJson } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Adaptation, StepChanges } from './adaptation.ts'
import type { NamesCall } from './call-ref.ts'

/**
 * What happened in an execution, as the journal keeps it. Every decision is in here with what it
 * was decided from: folding evaluates no expression, reads no clock and draws no random number.
 */
export type KernelEvent =
  | {
      readonly kind: 'ExecutionStarted'
      readonly executionId: string
      readonly kernelVersion: number
      readonly input: JsonObject
      /** When the execution times out. */
      readonly dueAtMs?: number
      /** The call that it works for. */
      readonly parent?: {
        readonly executionId: string
        readonly step: string
        readonly index?: number
        readonly token: number
        readonly depth: number
      }
      /** Content hashes of the documents of sub-workflows, by `name@range`, for the whole tree. */
      readonly pins?: { readonly [nameAndRange: string]: string }
      /** What a flag provider decided. */
      readonly flags?: { readonly [flag: string]: boolean }
      /** Whose budget its calls spend; the root's for the whole tree. */
      readonly tenant?: string
      /** Of a call that an agent makes: ids of the agents that are being called above it. */
      readonly chain?: readonly string[]
      /** The event whose trigger started it, where a policy may ask for it. */
      readonly event?: JsonObject
      /** Of such a call: its idempotency key, `<key of the call around it>/c<n>`. */
      readonly key?: string
    }
  /** A policy has decided about the execution, or about a step before it is begun. */
  | {
      readonly kind: 'PolicyDecided'
      readonly step?: string
      readonly decision: PolicyDecision
      /** Until when an approval is waited for. */
      readonly dueAtMs?: number
    }
  /** The execution is adapted while it runs: what its document bounds, and no step that has started. */
  | {
      readonly kind: 'ExecutionAdapted'
      /** Names the adaptation in the execution. */
      readonly id: string
      readonly because: string
      /** What becomes of each step that it concerns. */
      readonly steps: StepChanges
      /** The execution is paused by it. */
      readonly pause?: boolean
      /** Whatever asked for it says of itself: event, correlation, policy. */
      readonly cause?: JsonObject
      /** What the TDA feed said then. */
      readonly tda?: JsonObject
      /** What a flag provider decided. */
      readonly flags?: { readonly [flag: string]: boolean }
    }
  /** Steps that have not started are as they were without the adaptation. */
  | { readonly kind: 'AdaptationReverted'; readonly id: string; readonly because: string }
  /** A step waits for the approval that an adaptation has added, before it is begun. */
  | { readonly kind: 'ApprovalAwaited'; readonly step: string; readonly signal: string }
  /** Somebody has agreed to what a policy or an adaptation made wait, or nothing asks for it any more: the step is begun. */
  | { readonly kind: 'StepApproved'; readonly step: string }
  /** Steps that were settled in another execution, and its state, are taken over. */
  | {
      readonly kind: 'ExecutionForked'
      readonly executionId: string
      readonly seq: number
      readonly steps: readonly ForkedStep[]
      readonly changes: readonly StateChange[]
      /** Those in force that were made up to there. */
      readonly adaptations?: readonly Adaptation[]
    }
  /** Entries of the state were written: by a call (then it is named) or from outside. */
  | {
      readonly kind: 'StateChanged'
      readonly changes: readonly StateChange[]
      readonly step?: string
      readonly index?: number
      readonly part?: number
    }
  /** A call that completed has published events; `key` is its idempotency key, of which their ids are made. */
  | (NamesCall & {
      readonly kind: 'EventsPublished'
      readonly key: string
      readonly events: readonly PublishedEvent[]
    })
  /** A call that completed has changed what its agent remembers. */
  | (NamesCall & { readonly kind: 'MemoryChanged'; readonly change: MemoryChange })
  | {
      readonly kind: 'CheckpointTaken'
      readonly reason: 'verb' | 'anomaly'
      readonly label?: string
    }
  /** What the TDA feed says from now on. */
  | { readonly kind: 'TdaObserved'; readonly context: JsonObject }
  /** Another execution works for the call from now on. */
  | (NamesCall & {
      readonly kind: 'ChildStarted'
      readonly attempt: number
      readonly executionId: string
      readonly documentHash: string
      /** When the call gives up waiting for it. */
      readonly dueAtMs?: number
    })
  /** The execution that worked for the call has ended; the numbers are what its tree has spent. */
  | (NamesCall & {
      readonly kind: 'ChildEnded'
      readonly status: 'completed' | 'failed' | 'cancelled'
      readonly agentCalls: number
      readonly tokens?: number
      readonly costUsd?: number
    })
  /** The execution goes back to the event `seq`; `steps` are decided anew. */
  | {
      readonly kind: 'RollbackRequested'
      readonly checkpoint: string
      readonly seq: number
      readonly steps: readonly string[]
      readonly entries: readonly StateChange[]
      /** Until when running attempts are awaited. */
      readonly dueAtMs: number
      /** Asked for by the document's `onFailure`. */
      readonly automatic?: boolean
      /** The execution fails once it has gone back. */
      readonly final?: boolean
      /** Effects remain that nothing undoes, and that is accepted: their calls. */
      readonly acceptedEffects?: readonly string[]
    }
  /** Nothing of what came after the checkpoint is left. */
  | {
      readonly kind: 'RolledBack'
      readonly changes: readonly StateChange[]
      /** The new end of the execution's timeout, where it had ended before. */
      readonly dueAtMs?: number
    }
  /** `onFailure: rollback` could not be carried out. */
  | { readonly kind: 'RollbackRefused'; readonly error: ErrorJson }
  /** A failed execution goes on where it failed. */
  | {
      readonly kind: 'ExecutionRedriven'
      /** Compensated steps: decided anew with a higher run. */
      readonly reset: readonly string[]
      /** Steps that called nobody: decided anew. */
      readonly anew: readonly string[]
      /** Steps whose calls that did not succeed are made again, under their keys. */
      readonly again: readonly string[]
      readonly dueAtMs?: number
      /** Which delivery of the parent's call this is. */
      readonly token?: number
    }
  /** The parent undoes the completed execution. */
  | { readonly kind: 'UndoRequested' }
  /** A compensation that had failed for good is made again. */
  | { readonly kind: 'CompensationRedriven'; readonly undo: number }
  | { readonly kind: 'DeadLetterDiscarded'; readonly id: string }
  /** A step was decided: with `items` its calls follow one by one, else this is also its only call. */
  | {
      readonly kind: 'StepScheduled'
      readonly step: string
      readonly items?: readonly JsonValue[]
      readonly call?: ScheduledCall
    }
  | {
      readonly kind: 'CallScheduled'
      readonly step: string
      readonly index: number
      readonly call: ScheduledCall
    }
  | { readonly kind: 'StepSkipped'; readonly step: string; readonly reason: 'needs' | 'when' }
  /** The step failed before or beside its calls; a call's own failure is `CallFailed`. */
  | { readonly kind: 'StepFailed'; readonly step: string; readonly error: ErrorJson }
  | (NamesCall & {
      readonly kind: 'AttemptStarted'
      readonly attempt: number
      readonly effect: Effect
      readonly lookup: boolean
      readonly contract: string
      /** Delivered with nothing else running, because earlier deliveries were lost. */
      readonly alone?: boolean
      readonly charge?: Charge
    })
  /** What a delivery has used is known: it takes the place of what was reserved for it. */
  | (NamesCall & {
      readonly kind: 'UsageSettled'
      readonly tokens: number
      readonly costUsd: number
      /** What was reserved, and when; absent where nothing was. */
      readonly charge?: Charge & { readonly atMs: number }
    })
  /** The process ended while the attempt ran. */
  | (NamesCall & { readonly kind: 'AttemptLost' })
  | (NamesCall & {
      readonly kind: 'RetryScheduled'
      readonly dueAtMs: number
      readonly error: ErrorJson
    })
  /** The call did not reach its agent: no attempt was made, and it asks again then. */
  | (NamesCall & {
      readonly kind: 'CallRefused'
      readonly reason: RefusalReason
      readonly dueAtMs: number
      readonly error: ErrorJson
    })
  /** `concurrency` was full and says that the call is left out then. */
  | (NamesCall & { readonly kind: 'CallSkipped'; readonly reason: 'concurrency' })
  | (NamesCall & {
      readonly kind: 'FallbackScheduled'
      /** Counted from 1. */
      readonly fallback: number
      readonly call: ScheduledCall
      readonly error: ErrorJson
    })
  /** A poll of a `repeat` succeeded and its `until` was false. */
  | (NamesCall & {
      readonly kind: 'PollCompleted'
      readonly output: JsonValue
      readonly dueAtMs: number
    })
  | (NamesCall & {
      readonly kind: 'CallSuspended'
      readonly signal: string
      readonly schema: JsonObject | null
      readonly resumeToken: JsonValue
    })
  | (NamesCall & { readonly kind: 'CallUncertain'; readonly error: ErrorJson })
  /** `raw` is the call's own output where `outputs` made another of it. */
  | (NamesCall & {
      readonly kind: 'CallCompleted'
      readonly output: JsonValue
      readonly raw?: JsonValue
    })
  /** `raw` is there when the call succeeded and what follows it failed. */
  | (NamesCall & {
      readonly kind: 'CallFailed'
      readonly error: ErrorJson
      readonly raw?: JsonValue
    })
  | (NamesCall & {
      readonly kind: 'CallResolved'
      readonly resolution: 'retry' | 'succeed' | 'fail'
    })
  /** The call was stopped. `unknown`: an attempt was running and nobody knows what it did. */
  | (NamesCall & { readonly kind: 'CallCancelled'; readonly unknown?: boolean })
  /** A pattern works for the call from now on. */
  | (NamesCall & {
      readonly kind: 'PatternStarted'
      readonly pattern: PatternName
      /** Its deadline. */
      readonly dueAtMs?: number
    })
  /** A pattern wants a call made: its next part. */
  | (NamesCall & {
      readonly kind: 'PartScheduled'
      readonly part: number
      readonly agent: string
      readonly action: string
      readonly input: JsonValue
      readonly note: JsonValue
    })
  /** A pattern has its result; parts that are still open are of no use any more. */
  | (NamesCall & { readonly kind: 'PatternDecided'; readonly result: PatternResult })
  | { readonly kind: 'SignalReceived'; readonly name: string; readonly data: JsonValue }
  /** The kept signal of that name at `place` (absent for the oldest) ended the call's wait. */
  | (NamesCall & {
      readonly kind: 'SignalDelivered'
      readonly name: string
      readonly place?: number
    })
  | { readonly kind: 'ExecutionPaused' }
  | { readonly kind: 'ExecutionResumed' }
  | {
      readonly kind: 'CancelRequested'
      readonly dueAtMs: number
      /** What succeeded is undone whatever the document's `onFailure` says: the parent goes back. */
      readonly undo?: boolean
    }
  | { readonly kind: 'ExecutionTimedOut'; readonly dueAtMs: number }
  /** No step starts any more; `error` becomes the execution's. */
  | { readonly kind: 'FailureDecided'; readonly error: ErrorJson }
  /** Nothing runs any more and the recorded successes are undone, last first. */
  | { readonly kind: 'CompensationStarted' }
  | (NamesCall & {
      readonly kind: 'CompensationScheduled'
      readonly undo: number
      readonly call: ScheduledCall
    })
  | { readonly kind: 'ExecutionCompleted'; readonly output: JsonValue }
  | {
      readonly kind: 'ExecutionFailed'
      readonly error: ErrorJson
      /** Absent where nothing was undone. */
      readonly undone?: CompensationReport
    }
  | {
      readonly kind: 'ExecutionCancelled'
      readonly error: ErrorJson
      readonly undone?: CompensationReport
    }

/** What was undone before an execution ended: published as the event `workflow.compensated`. */
export interface CompensationReport {
  /** The id of that event. */
  readonly key: string
  /** Of the anomaly in force when it was recorded last, else of the event that started the execution, else its id. */
  readonly correlationId: string
  /** Null where none failed: it was cancelled, or ran out of time. */
  readonly failedStep: string | null
  /** In the order of the document. */
  readonly compensated: readonly string[]
  /** Steps of which a compensation failed for good. */
  readonly notCompensated: readonly string[]
}

/**
 * Who refused a call before it reached its agent. `pool`: the queue of the agent is full; `breaker`: the
 * agent's circuit breaker is open; `concurrency`: too many run under the step's key; `budget`: less is left
 * than the action may use.
 */
export type RefusalReason = 'pool' | 'breaker' | 'concurrency' | 'budget'

/** What a delivery reserves in budgets until its use is known. */
export interface Charge {
  /** Id of the agent that was called. */
  readonly agent: string
  /** Counted against the budgets of agent and tenant. */
  readonly calls?: number
  readonly tokens?: number
  readonly costUsd?: number
}

/** What a pattern came to. */
export type PatternResult = { readonly output: JsonValue } | { readonly error: ErrorJson }

/** What a call was resolved to when it was decided. */
export interface ScheduledCall {
  /** The resolved input; absent for `{}`. */
  readonly input?: JsonValue
  /** Limit of each attempt; absent for none. */
  readonly timeoutMs?: number
  /** Of a sleep or a wait: when it ends by itself. */
  readonly dueAtMs?: number
  /** What happens then; absent is `complete`. */
  readonly onDue?: 'fail' | 'continue'
  /** Of a wait: the signal it waits for. */
  readonly signal?: string
  /** The key of `concurrency` under which its attempts are counted. */
  readonly slot?: string
  /** The fallback that it begins with, since a policy chose its pattern; absent for the step's own target. */
  readonly first?: number
}

/** One entry of the state as it is from now on; without `value` it is deleted. */
export interface StateChange {
  readonly key: string
  readonly version: number
  /** In a list of one, since it may be null. */
  readonly value?: readonly [JsonValue]
  readonly expiresAtMs?: number
  readonly metadata?: JsonObject
}

/** A settled step as a fork takes it over. */
export interface ForkedStep {
  readonly step: string
  readonly status: 'completed' | 'failed' | 'skipped'
  readonly output: JsonValue
  readonly error: JsonValue
  readonly attempts: number
  readonly startedAtMs: number | null
  readonly endedAtMs: number | null
  readonly degraded?: { readonly from: string; readonly to: string; readonly because: string }
}

export type KernelEventKind = KernelEvent['kind']
/** Version of these events and of what folding makes of them. */
export const kernelVersion = 2
