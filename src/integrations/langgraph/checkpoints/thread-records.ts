import { StateConsistencyError } from '../../../core/errors.ts'
import type { RecordStore } from '../../../core/contracts/record-store.ts'
import type { Skeleton } from './checkpoint-store.ts'
import type { StoredValue } from './value-codec.ts'

/** A checkpoint as it is recorded; the values of its channels are records of their own. */
export interface RecordedCheckpoint {
  readonly parentId: string | null
  readonly checkpoint: Skeleton
  readonly metadata: StoredValue
  /** With which checkpoint each value was recorded. */
  readonly places: Readonly<Record<string, string>>
}

/** What a record of a thread is. */
export type RecordName = { readonly record: string } & (
  | { readonly kind: 'note'; readonly note: string }
  | { readonly kind: 'checkpoint'; readonly ns: string; readonly checkpointId: string }
  | {
      readonly kind: 'value'
      readonly ns: string
      readonly checkpointId: string
      readonly channel: string
    }
  | {
      readonly kind: 'write'
      readonly ns: string
      readonly checkpointId: string
      readonly taskId: string
    }
)

/**
 * The name of a record: its kind, and by kind
 *
 * - `checkpoint`: namespace, checkpoint
 * - `value`: namespace, the checkpoint with which it was new, channel
 * - `write`: namespace, checkpoint, task, index
 * - `note`: what it was noted under
 */
export function nameOf(kind: RecordName['kind'], ...parts: readonly string[]): string {
  return JSON.stringify([kind, ...parts])
}

/** What these records are. */
export function recordNames(records: readonly string[]): readonly RecordName[] {
  return records.map((record) => {
    const [kind, ns, checkpointId, last] = JSON.parse(record) as [
      RecordName['kind'],
      string,
      string,
      string,
    ]
    if (kind === 'note') return { record, kind, note: ns }
    if (kind === 'value') return { record, kind, ns, checkpointId, channel: last }
    return kind === 'write'
      ? { record, kind, ns, checkpointId, taskId: last }
      : { record, kind, ns, checkpointId }
  })
}

export type OfKind<Kind extends RecordName['kind']> = RecordName & { readonly kind: Kind }

export function namesOf<Kind extends RecordName['kind']>(
  names: readonly RecordName[],
  kind: Kind,
): readonly OfKind<Kind>[] {
  return names.filter((name): name is OfKind<Kind> => name.kind === kind)
}

export function newestFirst<Named extends { readonly checkpointId: string }>(
  names: readonly Named[],
): readonly Named[] {
  return names.toSorted((a, b) => (a.checkpointId < b.checkpointId ? 1 : -1))
}

/** @throws StateConsistencyError when one is missing: another record refers to it */
export async function textsOf(
  records: RecordStore,
  threadId: string,
  names: readonly string[],
): Promise<readonly string[]> {
  const texts = await records.read(threadId, names)
  return texts.map((text, place) => {
    if (text !== null) return text
    throw new StateConsistencyError(
      `record ${names[place]} of thread '${threadId}' is missing; its checkpoint is not used`,
      {
        hint: 'go on from an older checkpoint of the thread (`checkpoint_id`), or delete the thread and run the graph anew',
      },
    )
  })
}
