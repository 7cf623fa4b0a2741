import type { ActionContract, CallOutcome, LookupOutcome } from '../../core/contracts/call.ts'
import type { PatternRunner } from '../../core/contracts/pattern.ts'
import type { PolicyDecision, PolicyQuestion } from '../../core/contracts/policy.ts'
import type { SecretPlace } from '../../core/contracts/secret.ts'
import type { TdaContext } from '../../core/contracts/tda.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Random } from '../../core/random.ts'
import type { ErrorJson } from '../../core/errors.ts'
import type { StateWrite } from '../../core/contracts/state.ts'
import type { Usage } from '../../core/usage.ts'
import type { AdaptationOrder } from './adaptation.ts'
import type { CallRef } from './call-ref.ts'
import type { RefusalReason } from './events.ts'
import type { ForkOrigin } from './fork.ts'
import type { RollbackOrder } from './rollback.ts'

/** What reaches the kernel from outside. Stale and repeated ones are recognised and change nothing. */
export type Stimulus =
  /** First of a new execution, after `newExecution`. */
  | { readonly kind: 'start'; readonly origin?: Origin }
  /** The journal was folded after a crash or a hand-over: what ran is lost, timers are to be armed again. */
  | { readonly kind: 'recovered' }
  /** The call has a place in its agent's pool and may start now. */
  | {
      readonly kind: 'admitted'
      readonly call: CallRef
      readonly contract: ActionContract
      /** The agent or the tenant has a budget, in which the call is counted. Default false. */
      readonly isAccounted?: boolean
    }
  /** The call may not start: it did not reach its agent. */
  | {
      readonly kind: 'refused'
      readonly call: CallRef
      readonly reason: RefusalReason
      readonly error: ErrorJson
    }
  /** `concurrency` is full, and the step says that the call is left out then. */
  | { readonly kind: 'leftOut'; readonly call: CallRef }
  /** The attempt that was started under `token` has ended. */
  | {
      readonly kind: 'ended'
      readonly call: CallRef
      readonly token: number
      readonly outcome: CallOutcome
    }
  /** The attempt that was started under `token` will never answer: whoever made it is gone. */
  | { readonly kind: 'lost'; readonly call: CallRef; readonly token: number }
  | {
      readonly kind: 'lookedUp'
      readonly call: CallRef
      readonly token: number
      readonly outcome: LookupOutcome
    }
  | { readonly kind: 'timer'; readonly timer: Timer }
  | { readonly kind: 'signal'; readonly name: string; readonly data: JsonValue }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'cancel' }
  /** The parent goes back: what the execution did is undone and it becomes `cancelled`, also when it was completed. */
  | { readonly kind: 'undo' }
  /** Entries of the state are written; their expected versions were checked. */
  | { readonly kind: 'writeState'; readonly writes: readonly StateWrite[] }
  /** The execution is adapted; what was asked for was checked. */
  | { readonly kind: 'adapt'; readonly order: AdaptationOrder }
  | { readonly kind: 'revertAdaptation'; readonly id: string; readonly because: string }
  | { readonly kind: 'checkpoint'; readonly label: string | null }
  /** The TDA feed says something else than before: it is in the moment. */
  | { readonly kind: 'tdaChanged' }
  | { readonly kind: 'rollback'; readonly order: RollbackOrder }
  /** The rollback that the document asked for cannot be made. */
  | { readonly kind: 'rollbackRefused'; readonly error: ErrorJson }
  /** A failed execution is to go on where it failed; `token` where its parent's call asks for it. */
  | { readonly kind: 'redrive'; readonly token: number | null }
  | { readonly kind: 'redriveCompensation'; readonly undo: number }
  | { readonly kind: 'discard'; readonly deadLetterId: string }
  /** The execution that works for the call has ended. */
  | {
      readonly kind: 'childEnded'
      readonly call: CallRef
      readonly token: number
      readonly end: ChildEnd
    }
  | { readonly kind: 'resolve'; readonly call: CallRef; readonly resolution: Resolution }

/** What a new execution knows beside its document and input. */
export interface Origin {
  readonly parent?: {
    readonly executionId: string
    readonly call: CallRef
    readonly token: number
    readonly depth: number
  }
  readonly pins?: { readonly [nameAndRange: string]: string }
  readonly flags?: { readonly [flag: string]: boolean }
  readonly tenant?: string
  readonly chain?: readonly string[]
  /** The event that started it. */
  readonly event?: JsonObject
  readonly key?: string
  readonly fork?: ForkOrigin
}

/** How another execution's end is told to the call that it worked for. */
export interface ChildEnd {
  readonly status: 'completed' | 'failed' | 'cancelled'
  readonly output: JsonValue
  readonly error: ErrorJson | null
  /** What its whole tree has spent. */
  readonly agentCalls: number
  readonly usage: Usage
}

export type Resolution =
  | { readonly kind: 'retry' }
  | { readonly kind: 'succeed'; readonly output: JsonValue }
  | { readonly kind: 'fail' }

/** One thing that becomes due. `call` is null for the execution's own timeout or grace period. */
export interface Timer {
  readonly call: CallRef | null
  readonly dueAtMs: number
}

/** What the kernel may know of the moment in which it decides. */
export interface Moment {
  readonly atMs: number
  readonly random: Random
  readonly tda: TdaContext
  /** Calls that the rest of the execution's tree leaves it; null for any number, absent for an execution alone. */
  readonly callsLeft?: number | null
  /** Decides by policy; absent or null where none is in force. */
  readonly policies?: PolicyAdviser | null
  /** Decides for steps with a pattern. */
  readonly patterns: PatternRunner
  /** Whether data fits a JSON Schema; one that cannot be read refuses nothing. */
  readonly fits: (schema: JsonObject, data: JsonValue) => boolean
}

/** A policy in force, to which the engine adds how busy it is. */
export interface PolicyAdviser {
  /** @throws PolicyError when a rule cannot be evaluated */
  decide(question: PolicyQuestion): PolicyDecision | null
}

/** What is to be done; only after the events of the same transition are committed, except where said. */
export type Command =
  /** Ask for a place in the agent's pool at once; the answer is `admitted`, `refused` or `leftOut`. */
  | {
      readonly kind: 'admit'
      readonly call: CallRef
      readonly agent: string
      readonly action: string
      readonly alone: boolean
      /** Null where the step has no `concurrency`. */
      readonly slot: Slot | null
    }
  /** Give the place back at once: the call is not to start. */
  | { readonly kind: 'release'; readonly call: CallRef }
  | Invocation
  | {
      readonly kind: 'lookup'
      readonly call: CallRef
      readonly token: number
      readonly agent: string
      readonly action: string
      readonly idempotencyKey: string
    }
  /** Tell the running attempt to stop; its outcome is still awaited. */
  | {
      readonly kind: 'abort'
      readonly call: CallRef
      readonly token: number
      readonly reason: 'cancel' | 'timeout' | 'rollback'
    }
  /** Start the execution that works for the call, or redrive it when it failed under an older token. */
  | {
      readonly kind: 'startChild'
      readonly call: CallRef
      readonly token: number
      readonly executionId: string
      readonly documentHash: string
      readonly input: JsonValue
    }
  /** Hand a verb on to the execution that works for the call; its end is told when it comes. */
  | {
      readonly kind: 'steerChild'
      readonly call: CallRef
      readonly token: number
      readonly executionId: string
      readonly verb: 'pause' | 'resume' | 'cancel' | 'undo'
    }
  /** Find the checkpoint and its state, and answer with the stimulus `rollback` or `rollbackRefused`. */
  | { readonly kind: 'rollBack'; readonly to: string }
  /** Nobody waits for the running attempt any more: its place is free. */
  | { readonly kind: 'abandon'; readonly call: CallRef }
  | { readonly kind: 'arm'; readonly timer: Timer }
  /** The timer is of no use any more. */
  | { readonly kind: 'disarm'; readonly timer: Timer }
  /** The execution has ended: whatever is still armed or held for it is of no use any more. */
  | { readonly kind: 'finished' }

/** The place under a key of `concurrency` that an attempt needs. */
export interface Slot {
  readonly key: string
  readonly max: number
  readonly onFull: 'wait' | 'fail' | 'skip'
}

/** The call of an agent, ready to be made. */
export interface Invocation {
  readonly kind: 'invoke'
  readonly call: CallRef
  readonly token: number
  readonly agent: string
  readonly action: string
  readonly attempt: number
  readonly input: JsonValue
  /** Where the input names secrets; absent for none. */
  readonly secrets?: readonly SecretPlace[]
  readonly timeoutMs: number | null
  readonly idempotencyKey: string
  readonly withTda: boolean
  readonly agentCallsLeft: number | null
  readonly resumed: {
    readonly signal: string
    readonly data: JsonValue
    readonly resumeToken: JsonValue
  } | null
}
