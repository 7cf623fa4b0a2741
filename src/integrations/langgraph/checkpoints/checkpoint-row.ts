import type { ChannelVersions, Checkpoint } from '@langchain/langgraph-checkpoint'
import type { StoredValue } from './value-codec.ts'

/** Names a checkpoint inside its thread. */
export interface CheckpointKey {
  readonly threadId: string
  /** Namespace of the (sub)graph; empty for the outermost. */
  readonly ns: string
  readonly checkpointId: string
}

/** A checkpoint without the values of its channels. */
export type Skeleton = Omit<Checkpoint, 'channel_values'>

/** The content of a checkpoint's row. */
export interface CheckpointContent {
  /** Null in the row of a pruned checkpoint. */
  readonly checkpoint: Skeleton | null
  readonly metadata: StoredValue | null
  /** Values of channels that were new with this checkpoint. */
  readonly values: Readonly<Record<string, StoredValue>>
  /** Positions of the rows with the values of the other channels. */
  readonly refs: Readonly<Record<string, number>>
}

/** One write of a task: its index, channel, value and the task's path. */
export type StoredWrite = readonly [number, string, StoredValue, string]

/** What a new checkpoint of the same thread needs to know of its parent. */
export interface Head {
  readonly checkpointId: string
  readonly versions: ChannelVersions
  /** Position of the row with the value of each channel that has one. */
  readonly places: ReadonlyMap<string, number>
}

/** What `put` asks for, with every value encoded. */
export interface NewCheckpoint extends CheckpointKey {
  readonly parentId: string | null
  /** JSON text of the checkpoint without values. */
  readonly skeleton: string
  readonly metadata: string
  readonly versions: ChannelVersions
  /** Channels that are new, with JSON texts of their values; null for one that has become empty. */
  readonly fresh: ReadonlyMap<string, string | null>
  /** JSON texts of values that are said to be stored already, where the parent does not have them. */
  readonly claimed: ReadonlyMap<string, string>
}

/** Text of a row's payload. */
export function contentText(parts: {
  readonly skeleton: string
  readonly metadata: string
  readonly values: ReadonlyMap<string, string>
  readonly refs: ReadonlyMap<string, number>
}): string {
  const values = [...parts.values].map(([channel, text]) => `${JSON.stringify(channel)}:${text}`)
  const refs = JSON.stringify(Object.fromEntries(parts.refs))
  return `{"checkpoint":${parts.skeleton},"metadata":${parts.metadata},"values":{${values.join(',')}},"refs":${refs}}`
}

/** What a row says to its children. */
export function headOf(checkpointId: string, position: number, content: CheckpointContent): Head {
  const places = new Map(Object.entries(content.refs))
  for (const channel of Object.keys(content.values)) places.set(channel, position)
  const versions = content.checkpoint?.channel_versions ?? {}
  // Values of channels that a later writing of the same checkpoint left out are kept for others.
  for (const channel of places.keys()) if (!Object.hasOwn(versions, channel)) places.delete(channel)
  return { checkpointId, versions, places }
}

/** Earlier writes of a task with later ones: of one index the first stays, of a special one the last. */
export function mergeWrites(
  earlier: readonly StoredWrite[],
  later: readonly StoredWrite[],
): readonly StoredWrite[] {
  const byIndex = new Map(earlier.map((write) => [write[0], write]))
  for (const write of later) {
    // Indexes of errors, interrupts and the like are negative (`WRITES_IDX_MAP`).
    if (write[0] < 0 || !byIndex.has(write[0])) byIndex.set(write[0], write)
  }
  return [...byIndex.values()]
}
