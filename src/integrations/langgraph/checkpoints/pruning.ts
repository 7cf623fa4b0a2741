import { type CheckpointContent, contentText, headOf } from './checkpoint-row.ts'
import type { CheckpointRow, GraphTables } from './graph-tables.ts'

/** How many checkpoints over its limit a thread may have before it is pruned: pruning reads all that are kept. */
export function pruneSlack(keep: number): number {
  return Math.max(8, Math.floor(keep / 4))
}

/**
 * Removes all but the newest `keep` checkpoints of a thread, and those that they still need. Values of
 * removed ones that are still in use stay.
 *
 * @returns how many checkpoints are left, and the id of the oldest
 */
export function prune(
  tables: GraphTables,
  thread: number,
  keep: number,
): { readonly count: number; readonly oldestId: string | null } {
  const rows = tables.checkpointsOf(thread)
  const kept = keptOf(rows, keep)
  const used = new Map<number, Set<string>>()
  for (const row of kept) {
    for (const [channel, position] of headOf(row.checkpointId ?? '', row.position, row.content)
      .places) {
      const channels = used.get(position)
      if (channels === undefined) used.set(position, new Set([channel]))
      else channels.add(channel)
    }
  }
  for (const row of rows) if (!kept.has(row)) drop(tables, { thread, row, used })
  const oldest = [...kept].map(({ checkpointId }) => checkpointId as string).toSorted()[0]
  return { count: kept.size, oldestId: oldest ?? null }
}

function drop(
  tables: GraphTables,
  of: {
    readonly thread: number
    readonly row: CheckpointRow
    readonly used: ReadonlyMap<number, ReadonlySet<string>>
  },
): void {
  const { thread, row } = of
  if (row.checkpointId !== null) tables.removeWrites(thread, row.checkpointId)
  const channels = of.used.get(row.position)
  if (channels === undefined) return tables.removeRow(row.position)
  const values = new Map<string, string>()
  for (const [channel, value] of Object.entries(row.content.values))
    if (channels.has(channel)) values.set(channel, JSON.stringify(value))
  if (row.checkpointId === null && values.size === Object.keys(row.content.values).length) return
  const payload = contentText({ skeleton: 'null', metadata: 'null', values, refs: new Map() })
  tables.changeCheckpoint(row.position, { thread, checkpointId: null, parentId: null, payload })
}

/**
 * The newest, and behind the oldest of them the ancestors from which LangGraph rebuilds channels that
 * store differences: back to where each of them has a whole value.
 */
function keptOf(rows: readonly CheckpointRow[], keep: number): ReadonlySet<CheckpointRow> {
  const checkpoints = rows.filter(({ checkpointId }) => checkpointId !== null)
  const kept = new Set(checkpoints.slice(0, keep))
  const byId = new Map(checkpoints.map((row) => [row.checkpointId, row]))
  for (const row of checkpoints.slice(0, keep)) {
    const missing = new Set(deltaChannelsOf(row.content))
    for (let at = byId.get(row.parentId); at !== undefined; at = byId.get(at.parentId)) {
      if (missing.size === 0) break
      kept.add(at)
      for (const channel of headOf('', at.position, at.content).places.keys())
        missing.delete(channel)
    }
  }
  return kept
}

/** Channels with differences since their last whole value, as LangGraph notes them with a checkpoint. */
function deltaChannelsOf({ metadata }: CheckpointContent): readonly string[] {
  if (metadata === null || metadata[0] !== 0) return []
  const noted = metadata[1] as { readonly counters_since_delta_snapshot?: object } | null
  return Object.keys(noted?.counters_since_delta_snapshot ?? {})
}
