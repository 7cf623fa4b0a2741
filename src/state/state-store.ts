import type { StateWrite, WorkflowStateEntry } from '../core/contracts/state.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'

/** Writes that belong together: all of them are made, or none. */
export interface StateBatch {
  /**
   * Names the batch in its workflow: a repeat writes nothing and is answered as the first time. The newest
   * `stateBatchesMax` are remembered. Null: not remembered; a repeat would write again.
   */
  readonly batchId: string | null
  /** At most `stateBatchWritesMax`. An `expectedVersion` is compared with the entry before the batch. */
  readonly writes: readonly StateWrite[]
}

/** A batch as it once was accepted. */
export interface RecordedBatch extends StateBatch {
  /** When it was accepted; a time to live counts from here. */
  readonly atMs: number
}

/** Who writes. A later owner of the same work has a higher token (`LeaseStore`). */
export interface Fence {
  /** At least 1. */
  readonly token: number
  readonly holder: string
}

/** What must be true for a change to be accepted. */
export interface StateGuard {
  /** The newest revision that the caller has seen: a store that is behind it has lost what it acknowledged. */
  readonly knownRevision?: number
  readonly fence?: Fence
}

export interface StateReceipt {
  /** Counts the changes of the workflow's state from 1: batches and rollbacks. */
  readonly revision: number
  /** The versions that the changed entries have now, those of deleted ones included. */
  readonly versions: readonly { readonly key: string; readonly version: number }[]
  /** The batch had been accepted before. */
  readonly isRepeat: boolean
}

/** An entry as whoever decides about it has recorded it. Without `value` it was deleted. */
export interface VersionedEntry {
  readonly key: string
  /** At least 1. */
  readonly version: number
  readonly value?: JsonValue
  readonly metadata: JsonObject
  /** When it was written, Unix milliseconds. */
  readonly atMs: number
  /** When it is gone by itself; null for never. */
  readonly expiresAtMs: number | null
}

/** Entries of a workflow, as recorded elsewhere up to a revision. */
export interface StateImage {
  readonly revision: number
  /** Those that have changed, or all; at most `stateBatchWritesMax`. */
  readonly entries: readonly VersionedEntry[]
}

/**
 * The state of workflows outside the engine's file, for engines on several machines. An entry's version starts
 * at 1 and only rises: deletion and expiry leave it behind, a rollback writes what it restores as new versions.
 * A change is as durable as the store's own settings say when its promise resolves, and it is atomic: nobody
 * sees half of it.
 *
 * Every method rejects with StorageError (retryable: whether a change happened is then unknown, so repeat it
 * with the same `batchId`) when the store is out of reach, and with InputError for an id, key or value that
 * cannot be kept. Changes reject with StateConsistencyError, nothing being written, whose `details.because` is
 *
 * - `conflict`: an entry has another version than expected;
 * - `behind`: the store's revision is below `knownRevision`; `rebuild` repairs that;
 * - `fenced`: a later owner has written.
 */
export interface StateStore {
  /** The entry under a key; null when there is none. May be a moment old, which an `expectedVersion` finds out. */
  get(workflowId: string, key: string): Promise<WorkflowStateEntry | null>
  /** All entries, by key. */
  list(workflowId: string): Promise<readonly WorkflowStateEntry[]>
  /** The newest revision; 0 when nothing was ever written, or nothing is left. */
  revision(workflowId: string): Promise<number>
  /** @throws ResourceExhaustionError over `stateKeysMax`, deleted keys counted; or when the store is full */
  apply(workflowId: string, batch: StateBatch, guard?: StateGuard): Promise<StateReceipt>
  /** Keeps the present entries under an id; one that is there already stays as it is. @throws as `apply`, over `stateCheckpointsMax` */
  checkpoint(workflowId: string, checkpointId: string, guard?: StateGuard): Promise<void>
  /**
   * Makes the state what it was at a checkpoint, in one change. Entries that have not changed keep their version.
   *
   * @throws NotFoundError when there is no such checkpoint; and as `apply`
   */
  rollback(
    workflowId: string,
    back: { readonly checkpointId: string; readonly batchId: string },
    guard?: StateGuard,
  ): Promise<StateReceipt>
  /**
   * Replaces the workflow's entries by what these batches make of nothing, in order and without comparing
   * versions: all that were ever accepted, rollbacks as the writes that they made. Checkpoints stay. The last
   * owner's fence stays too.
   */
  rebuild(workflowId: string, batches: readonly RecordedBatch[], guard?: StateGuard): Promise<void>
  /**
   * Takes over what is recorded elsewhere, in one change: of each key the higher version stays, and of the
   * revisions. So repeats, and images in another order, change nothing. `stateKeysMax` is not judged here.
   *
   * @throws InputError for a version or revision below 1; and as `apply`
   */
  merge(workflowId: string, image: StateImage, guard?: StateGuard): Promise<void>
  /** The workflow has ended: everything of it is gone after `keepMs`, unless something is written before. */
  expire(workflowId: string, keepMs: number): Promise<void>
}
