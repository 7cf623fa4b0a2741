import type { Effect } from '../../core/contracts/call.ts'
import type { PublishedEvent } from '../../core/contracts/mesh.ts'
import type { ErrorJson } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'

/** Which call an event speaks of; absent `index` and `undo` mean null. */
interface OfCall {
  readonly step: string
  readonly index?: number
  readonly undo?: number
}

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
    }
  /** Steps that were settled in another execution, and its state, are taken over. */
  | {
      readonly kind: 'ExecutionForked'
      readonly executionId: string
      readonly seq: number
      readonly steps: readonly ForkedStep[]
      readonly changes: readonly StateChange[]
    }
  /** Entries of the state were written: by a call (then it is named) or from outside. */
  | {
      readonly kind: 'StateChanged'
      readonly changes: readonly StateChange[]
      readonly step?: string
      readonly index?: number
    }
  /** A call that completed has published events; `key` is its idempotency key, of which their ids are made. */
  | (OfCall & {
      readonly kind: 'EventsPublished'
      readonly key: string
      readonly events: readonly PublishedEvent[]
    })
  | {
      readonly kind: 'CheckpointTaken'
      readonly reason: 'verb' | 'anomaly'
      readonly label?: string
    }
  /** What the TDA feed says from now on. */
  | { readonly kind: 'TdaObserved'; readonly context: JsonObject }
  /** Another execution works for the call from now on. */
  | (OfCall & {
      readonly kind: 'ChildStarted'
      readonly attempt: number
      readonly executionId: string
      readonly documentHash: string
      /** When the call gives up waiting for it. */
      readonly dueAtMs?: number
    })
  /** The execution that worked for the call has ended; `agentCalls` is what its tree has spent. */
  | (OfCall & {
      readonly kind: 'ChildEnded'
      readonly status: 'completed' | 'failed' | 'cancelled'
      readonly agentCalls: number
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
  | (OfCall & {
      readonly kind: 'AttemptStarted'
      readonly attempt: number
      readonly effect: Effect
      readonly lookup: boolean
      readonly contract: string
      /** Delivered with nothing else running, because earlier deliveries were lost. */
      readonly alone?: boolean
    })
  /** The process ended while the attempt ran. */
  | (OfCall & { readonly kind: 'AttemptLost' })
  | (OfCall & {
      readonly kind: 'RetryScheduled'
      readonly dueAtMs: number
      readonly error: ErrorJson
    })
  | (OfCall & {
      readonly kind: 'FallbackScheduled'
      /** Counted from 1. */
      readonly fallback: number
      readonly call: ScheduledCall
      readonly error: ErrorJson
    })
  /** A poll of a `repeat` succeeded and its `until` was false. */
  | (OfCall & {
      readonly kind: 'PollCompleted'
      readonly output: JsonValue
      readonly dueAtMs: number
    })
  | (OfCall & {
      readonly kind: 'CallSuspended'
      readonly signal: string
      readonly schema: JsonObject | null
      readonly resumeToken: JsonValue
    })
  | (OfCall & { readonly kind: 'CallUncertain'; readonly error: ErrorJson })
  /** `raw` is the call's own output where `outputs` made another of it. */
  | (OfCall & {
      readonly kind: 'CallCompleted'
      readonly output: JsonValue
      readonly raw?: JsonValue
    })
  /** `raw` is there when the call succeeded and what follows it failed. */
  | (OfCall & { readonly kind: 'CallFailed'; readonly error: ErrorJson; readonly raw?: JsonValue })
  | (OfCall & { readonly kind: 'CallResolved'; readonly resolution: 'retry' | 'succeed' | 'fail' })
  /** The call was stopped. `unknown`: an attempt was running and nobody knows what it did. */
  | (OfCall & { readonly kind: 'CallCancelled'; readonly unknown?: boolean })
  | { readonly kind: 'SignalReceived'; readonly name: string; readonly data: JsonValue }
  /** The kept signal of that name at `place` (absent for the oldest) ended the call's wait. */
  | (OfCall & { readonly kind: 'SignalDelivered'; readonly name: string; readonly place?: number })
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
  | (OfCall & {
      readonly kind: 'CompensationScheduled'
      readonly undo: number
      readonly call: ScheduledCall
    })
  | { readonly kind: 'ExecutionCompleted'; readonly output: JsonValue }
  | { readonly kind: 'ExecutionFailed'; readonly error: ErrorJson }
  | { readonly kind: 'ExecutionCancelled'; readonly error: ErrorJson }

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
