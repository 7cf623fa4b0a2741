import type { StoredValue } from './value-codec.ts'

/** How many checkpoints over its limit a thread may have before it is pruned: pruning reads all that are kept. */
export function pruneSlack(keep: number): number {
  return Math.max(8, Math.floor(keep / 4))
}

/** What it is told by that a checkpoint is still needed. */
export interface PrunedRow {
  readonly checkpointId: string | null
  readonly parentId: string | null
  readonly metadata: StoredValue | null
  /** Those that have a whole value. */
  readonly channels: Iterable<string>
}

/**
 * The newest, and behind the oldest of them the ancestors from which LangGraph rebuilds channels that
 * store differences: back to where each of them has a whole value.
 *
 * @param rows the newest first
 */
export function keptOf<Row>(
  rows: readonly Row[],
  keep: number,
  read: (row: Row) => PrunedRow,
): ReadonlySet<Row> {
  const newest = rows.slice(0, keep)
  const kept = new Set(newest)
  const byId = new Map(rows.map((row) => [read(row).checkpointId, row]))
  for (const row of newest) {
    const { parentId, metadata } = read(row)
    const missing = new Set(deltaChannelsOf(metadata))
    let at = byId.get(parentId)
    while (at !== undefined && missing.size > 0) {
      kept.add(at)
      const ancestor = read(at)
      for (const channel of ancestor.channels) missing.delete(channel)
      at = byId.get(ancestor.parentId)
    }
  }
  return kept
}

/** Channels with differences since their last whole value, as LangGraph notes them with a checkpoint. */
function deltaChannelsOf(metadata: StoredValue | null): readonly string[] {
  if (metadata === null || metadata[0] !== 0) return []
  const noted = metadata[1] as { readonly counters_since_delta_snapshot?: object } | null
  return Object.keys(noted?.counters_since_delta_snapshot ?? {})
}

/** Whether single calls of a subgraph have such a namespace, by LangGraph's rules: `name:task`. */
export function isOfOneCall(ns: string): boolean {
  return ns.split('|').at(-1)?.includes(':') === true
}
