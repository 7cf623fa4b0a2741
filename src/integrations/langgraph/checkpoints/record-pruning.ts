import type { RecordStore } from '../../../core/contracts/record-store.ts'
import { isOfOneCall, keptOf } from './kept-checkpoints.ts'
import {
  nameOf,
  namesOf,
  newestFirst,
  type RecordedCheckpoint,
  type RecordName,
  recordNames,
} from './thread-records.ts'

/** Removes all but the newest `keep` checkpoints of a namespace, and those that they still need. */
export async function pruneRecords(
  records: RecordStore,
  { threadId, ns, keep }: { readonly threadId: string; readonly ns: string; readonly keep: number },
): Promise<void> {
  const names = recordNames(await records.names(threadId))
  const all = newestFirst(namesOf(names, 'checkpoint').filter((name) => name.ns === ns))
  if (all.length <= keep) return
  const texts = await records.read(
    threadId,
    all.map(({ record }) => record),
  )
  const rows = all.flatMap(({ checkpointId }, place) => {
    const text = texts[place] ?? null
    // Another process may prune it too.
    return text === null ? [] : [{ ...(JSON.parse(text) as RecordedCheckpoint), checkpointId }]
  })
  const kept = keptOf(rows, keep, (row) => ({ ...row, channels: Object.keys(row.places) }))
  const ids = new Set([...kept].map(({ checkpointId }) => checkpointId))
  const used = new Set(
    [...kept].flatMap(({ places }) =>
      Object.entries(places).map(([channel, holder]) => nameOf('value', ns, holder, channel)),
    ),
  )
  const oldest = [...ids].toSorted()[0] ?? ''
  const isOver = ns === '' ? overBefore(names, oldest) : () => false
  const remove = names.filter((name) => {
    if (name.kind === 'note') return false
    if (name.ns !== ns) return isOver(name.ns)
    return name.kind === 'value' ? !used.has(name.record) : !ids.has(name.checkpointId)
  })
  await records.write(threadId, { remove: remove.map(({ record }) => record) })
}

/** Each call of a subgraph has a namespace of its own, which goes with the checkpoints of its time. */
function overBefore(names: readonly RecordName[], oldest: string): (ns: string) => boolean {
  const living = new Set(
    namesOf(names, 'checkpoint')
      .filter(({ checkpointId }) => checkpointId >= oldest)
      .map(({ ns }) => ns),
  )
  return (ns) => isOfOneCall(ns) && !living.has(ns)
}
