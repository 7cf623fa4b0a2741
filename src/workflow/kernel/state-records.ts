import type { ErrorJson } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { CallRef } from './call-ref.ts'

/** One entry of the state that the steps of an execution share. */
export interface StateEntry {
  readonly key: string
  readonly value: JsonValue
  readonly version: number
  readonly atMs: number
  readonly expiresAtMs: number | null
  readonly metadata: JsonObject
  readonly isDeleted: boolean
}

/** A checkpoint that was taken apart from a step's completion. */
export interface TakenCheckpoint {
  readonly seq: number
  readonly label: string | null
  readonly reason: 'verb' | 'anomaly'
  readonly atMs: number
}

/** A rollback under way. */
export interface RollbackState {
  readonly checkpointId: string
  readonly seq: number
  /** Numbers of the steps that are decided anew. */
  readonly steps: ReadonlySet<number>
  /** The state at the checkpoint. */
  readonly entries: readonly StateEntry[]
  /** The execution fails once it has gone back. */
  readonly isFinal: boolean
  /** It had ended before, so its timeout begins anew. */
  readonly isReopened: boolean
  /** Somebody paused it on the way: what is still to be undone waits. One that was paused before goes back all the same. */
  isPauseHolding: boolean
}

/** Something that failed and that nobody tries again by itself. */
export interface DeadLetter {
  readonly id: string
  readonly stepId: string | null
  readonly error: ErrorJson
  readonly atMs: number
  /** The failed compensation; null for the execution's own failure. */
  readonly undo: number | null
}

/** The call of another execution that an execution works for. */
export interface ParentRef {
  readonly executionId: string
  readonly call: CallRef
  /** Which delivery of that call this is. */
  readonly token: number
}
