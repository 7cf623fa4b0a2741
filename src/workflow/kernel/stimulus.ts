import type { ActionContract, CallOutcome, LookupOutcome } from '../../core/contracts/call.ts'
import type { TdaContext } from '../../core/contracts/tda.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Random } from '../../core/random.ts'
import type { CallRef } from './call-ref.ts'

/** What reaches the kernel from outside. Stale and repeated ones are recognised and change nothing. */
export type Stimulus =
  /** First of a new execution, after `newExecution`. */
  | { readonly kind: 'start' }
  /** The journal was folded after a crash or a hand-over: what ran is lost, timers are to be armed again. */
  | { readonly kind: 'recovered' }
  /** The call has a place in its agent's pool and may start now. */
  | { readonly kind: 'admitted'; readonly call: CallRef; readonly contract: ActionContract }
  /** The attempt that was started under `token` has ended. */
  | {
      readonly kind: 'ended'
      readonly call: CallRef
      readonly token: number
      readonly outcome: CallOutcome
    }
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
  | { readonly kind: 'resolve'; readonly call: CallRef; readonly resolution: Resolution }

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
  /** Whether data fits a JSON Schema; one that cannot be read refuses nothing. */
  readonly fits: (schema: JsonObject, data: JsonValue) => boolean
}

/** What is to be done; only after the events of the same transition are committed, except where said. */
export type Command =
  /** Ask for a place in the agent's pool at once; the answer is the stimulus `admitted`. */
  | {
      readonly kind: 'admit'
      readonly call: CallRef
      readonly agent: string
      readonly action: string
      readonly alone: boolean
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
      readonly reason: 'cancel' | 'timeout'
    }
  /** Nobody waits for the running attempt any more: its place is free. */
  | { readonly kind: 'abandon'; readonly call: CallRef }
  | { readonly kind: 'arm'; readonly timer: Timer }
  /** The timer is of no use any more. */
  | { readonly kind: 'disarm'; readonly timer: Timer }
  /** The execution has ended: whatever is still armed or held for it is of no use any more. */
  | { readonly kind: 'finished' }

/** The call of an agent, ready to be made. */
export interface Invocation {
  readonly kind: 'invoke'
  readonly call: CallRef
  readonly token: number
  readonly agent: string
  readonly action: string
  readonly attempt: number
  readonly input: JsonValue
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
