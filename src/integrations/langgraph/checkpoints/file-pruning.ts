import { contentText, headOf } from './checkpoint-row.ts'
import type { CheckpointRow, GraphTables } from './graph-tables.ts'
import { keptOf } from './kept-checkpoints.ts'

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
  const kept = keptOf(
    rows.filter(({ checkpointId }) => checkpointId !== null),
    keep,
    ({ checkpointId, parentId, position, content }) => ({
      checkpointId,
      parentId,
      metadata: content.metadata,
      channels: headOf('', position, content).places.keys(),
    }),
  )
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
