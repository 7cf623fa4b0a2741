import type { Skeleton, StoredWrite, Versions } from './checkpoint-store.ts'
import type { StoredValue } from './value-codec.ts'

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

/** What a new checkpoint of the same thread needs to know of its parent. */
export interface Head {
  readonly checkpointId: string
  readonly versions: Versions
  /** Position of the row with the value of each channel that has one. */
  readonly places: ReadonlyMap<string, number>
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

/** Earlier writes of a task with later ones. */
export function mergeWrites(
  earlier: readonly StoredWrite[],
  later: readonly StoredWrite[],
): readonly StoredWrite[] {
  const byIndex = new Map(earlier.map((write) => [write[0], write]))
  for (const write of later) {
    if (write[0] < 0 || !byIndex.has(write[0])) byIndex.set(write[0], write)
  }
  return [...byIndex.values()]
}
