import type { ChannelVersions, Checkpoint } from '@langchain/langgraph-checkpoint'
import type { JsonValue } from '../../../core/json.ts'
import type { StoredValue } from './value-codec.ts'

/** Names a checkpoint inside its thread. */
export interface CheckpointKey {
  readonly threadId: string
  /** Namespace of the (sub)graph; empty for the outermost. */
  readonly ns: string
  readonly checkpointId: string
}

/** By channel. */
export type Versions = Readonly<ChannelVersions>

/** A checkpoint without the values of its channels. */
export type Skeleton = Omit<Checkpoint, 'channel_values'>

/** One write of a task: its index, channel, value and the task's path. */
export type StoredWrite = readonly [number, string, StoredValue, string]

/** What `put` asks for, with every value encoded. */
export interface NewCheckpoint extends CheckpointKey {
  readonly parentId: string | null
  /** JSON text of the checkpoint without values. */
  readonly skeleton: string
  readonly metadata: string
  readonly versions: Versions
  /** Channels that are new, with JSON texts of their values; null for one that has become empty. */
  readonly fresh: ReadonlyMap<string, string | null>
  /** JSON texts of values that are said to be stored already, where the parent does not have them. */
  readonly claimed: ReadonlyMap<string, string>
}

/** A checkpoint with everything that belongs to it. */
export interface StoredTuple {
  readonly key: CheckpointKey
  readonly parentId: string | null
  readonly checkpoint: Skeleton
  readonly metadata: StoredValue | null
  readonly values: Readonly<Record<string, StoredValue>>
  readonly writes: ReadonlyMap<string, readonly StoredWrite[]>
  /** What the tasks wrote after the parent; asked for only by checkpoints of old formats. */
  readonly parentWrites: () => Promise<ReadonlyMap<string, readonly StoredWrite[]>>
}

/** Which checkpoints are meant; null leaves a condition out. */
export interface CheckpointQuery {
  readonly threadId: string | null
  readonly ns: string | null
  readonly checkpointId: string | null
  readonly beforeId: string | null
}

/**
 * Where a checkpointer keeps what LangGraph gives it. What has resolved is kept.
 *
 * @throws each method: StorageError; StateConsistencyError where something was altered or is missing
 */
export interface CheckpointStore {
  /** The versions that a checkpoint had; null when it is not there. */
  versionsOf(key: CheckpointKey): Promise<Versions | null>
  put(checkpoint: NewCheckpoint): Promise<void>
  /**
   * Of one index the first write of a task stays, of a special one the last: indexes of errors, interrupts and the
   * like are negative (`WRITES_IDX_MAP`).
   *
   * @param writes JSON texts by index
   */
  putWrites(key: CheckpointKey, taskId: string, writes: ReadonlyMap<number, string>): Promise<void>
  /** @param checkpointId null for the newest */
  find(threadId: string, ns: string, checkpointId: string | null): Promise<StoredTuple | null>
  /** Those that match, the newest first; each is read when it is its turn. */
  list(query: CheckpointQuery): AsyncGenerator<StoredTuple>
  /** What was noted beside a thread's checkpoints. */
  notes(threadId: string): Promise<ReadonlyMap<string, JsonValue>>
  note(threadId: string, name: string, value: JsonValue): Promise<void>
  /** @param scope `under`: every thread whose id begins with this one and a slash */
  deleteThreads(threadId: string, scope: 'exactly' | 'under'): Promise<void>
  /** Keeps only the newest checkpoint of each namespace of a thread, and one of its notes. */
  trimThread(threadId: string, note: string): Promise<void>
}
