import type { JsonValue } from '../../../core/json.ts'
import type { RecordStore } from '../../../core/contracts/record-store.ts'
import type {
  CheckpointKey,
  CheckpointQuery,
  CheckpointStore,
  NewCheckpoint,
  StoredTuple,
  StoredWrite,
  Versions,
} from './checkpoint-store.ts'
import { pruneSlack } from './kept-checkpoints.ts'
import { pruneRecords } from './record-pruning.ts'
import {
  namesOf,
  nameOf,
  newestFirst,
  type OfKind,
  type RecordedCheckpoint,
  type RecordName,
  recordNames,
  textsOf,
} from './thread-records.ts'
import type { StoredValue } from './value-codec.ts'

export interface SharedCheckpointStoreOptions {
  readonly records: RecordStore
  /** Checkpoints kept of each thread and namespace, the newest; null keeps all. */
  readonly keep: number | null
  /** How long a thread is kept whose run has ended; null for ever. */
  readonly keepEndedMs: number | null
}

interface Head extends Pick<RecordedCheckpoint, 'places'> {
  readonly checkpointId: string
  readonly versions: Versions
}

/** Threads of which the newest checkpoint is kept in memory. */
const cachedMax = 1_024

/**
 * Checkpoints that several processes share. A thread is a group of records: each checkpoint, each value that was new
 * with one, each write and each note. Processes may go on with a thread one after the other.
 */
export class SharedCheckpointStore implements CheckpointStore {
  readonly #options: SharedCheckpointStoreOptions
  /** By thread and namespace: its last checkpoint that was put here, and how many were since it was pruned. */
  readonly #heads = new Map<string, { readonly head: Head; puts: number }>()

  constructor(options: SharedCheckpointStoreOptions) {
    this.#options = options
  }

  async versionsOf(key: CheckpointKey): Promise<Versions | null> {
    return (await this.#head(key))?.versions ?? null
  }

  async put(of: NewCheckpoint): Promise<void> {
    const { threadId, ns, checkpointId, parentId, versions } = of
    const parent =
      parentId === null ? null : await this.#head({ threadId, ns, checkpointId: parentId })
    const set = new Map<string, string>()
    const places: Record<string, string> = {}
    for (const [channel, version] of Object.entries(versions)) {
      const fresh = of.fresh.get(channel)
      if (fresh === null) continue
      if (fresh !== undefined) set.set(nameOf('value', ns, checkpointId, channel), fresh)
      const place =
        fresh !== undefined
          ? checkpointId
          : parent?.versions[channel] === version
            ? parent.places[channel]
            : await this.#findClaimed(of, channel)
      if (place !== undefined) places[channel] = place
    }
    const text = `{"parentId":${JSON.stringify(parentId)},"checkpoint":${of.skeleton},"metadata":${of.metadata},"places":${JSON.stringify(places)}}`
    set.set(nameOf('checkpoint', ns, checkpointId), text)
    await this.#options.records.write(threadId, { set })
    await this.#remember(of, { checkpointId, versions, places })
  }

  async putWrites(
    { threadId, ns, checkpointId }: CheckpointKey,
    taskId: string,
    writes: ReadonlyMap<number, string>,
  ): Promise<void> {
    const set = new Map<string, string>()
    const add = new Map<string, string>()
    for (const [index, text] of writes) {
      const name = nameOf('write', ns, checkpointId, taskId, String(index))
      if (index < 0) set.set(name, text)
      else add.set(name, text)
    }
    await this.#options.records.write(threadId, { set, add })
  }

  async find(
    threadId: string,
    ns: string,
    checkpointId: string | null,
  ): Promise<StoredTuple | null> {
    const names = await this.#names(threadId)
    const found = namesOf(names, 'checkpoint').filter(
      (name) => name.ns === ns && (checkpointId === null || name.checkpointId === checkpointId),
    )
    const newest = newestFirst(found)[0]
    return newest === undefined ? null : this.#tuple(threadId, newest, names)
  }

  async *list({
    threadId,
    ns,
    checkpointId,
    beforeId,
  }: CheckpointQuery): AsyncGenerator<StoredTuple> {
    const { records } = this.#options
    const threads = threadId === null ? await records.groups('') : [threadId]
    const found = await Promise.all(
      threads.map(async (thread) => {
        const names = await this.#names(thread)
        return namesOf(names, 'checkpoint')
          .filter(
            (name) =>
              (ns === null || name.ns === ns) &&
              (checkpointId === null || name.checkpointId === checkpointId) &&
              (beforeId === null || name.checkpointId < beforeId),
          )
          .map((name) => ({ thread, checkpointId: name.checkpointId, name, names }))
      }),
    )
    for (const { thread, name, names } of newestFirst(found.flat())) {
      const tuple = await this.#tuple(thread, name, names)
      if (tuple !== null) yield tuple
    }
  }

  async notes(threadId: string): Promise<ReadonlyMap<string, JsonValue>> {
    const names = namesOf(await this.#names(threadId), 'note')
    const texts = await this.#options.records.read(
      threadId,
      names.map(({ record }) => record),
    )
    return new Map(
      names.flatMap(({ note }, place) => {
        const text = texts[place] ?? null
        return text === null ? [] : [[note, JSON.parse(text) as JsonValue] as const]
      }),
    )
  }

  async note(threadId: string, name: string, value: JsonValue): Promise<void> {
    const set = new Map([[nameOf('note', name), JSON.stringify(value)]])
    await this.#options.records.write(threadId, { set })
  }

  async deleteThreads(threadId: string, scope: 'exactly' | 'under'): Promise<void> {
    const { records } = this.#options
    const threads = scope === 'exactly' ? [threadId] : await records.groups(`${threadId}/`)
    await Promise.all(threads.map((thread) => records.remove(thread)))
    this.#heads.clear()
  }

  async trimThread(threadId: string, note: string): Promise<void> {
    const { records, keepEndedMs } = this.#options
    const names = await this.#names(threadId)
    for (const ns of new Set(namesOf(names, 'checkpoint').map((name) => name.ns)))
      await pruneRecords(records, { threadId, ns, keep: 1 })
    const remove = namesOf(names, 'note')
      .filter((name) => name.note !== note)
      .map(({ record }) => record)
    await records.write(threadId, { remove })
    if (keepEndedMs !== null) await records.expire(threadId, keepEndedMs)
  }

  async #names(threadId: string): Promise<readonly RecordName[]> {
    return recordNames(await this.#options.records.names(threadId))
  }

  async #tuple(
    threadId: string,
    { ns, checkpointId }: OfKind<'checkpoint'>,
    names: readonly RecordName[],
  ): Promise<StoredTuple | null> {
    const { records } = this.#options
    const recorded = await this.#recorded({ threadId, ns, checkpointId })
    if (recorded === null) return null
    const { parentId, checkpoint, metadata, places } = recorded
    const writesOf = async (id: string): Promise<ReadonlyMap<string, readonly StoredWrite[]>> => {
      const own = namesOf(names, 'write').filter(
        (name) => name.ns === ns && name.checkpointId === id,
      )
      const texts = await textsOf(
        records,
        threadId,
        own.map(({ record }) => record),
      )
      return byTask(own, texts)
    }
    const channels = Object.entries(places)
    const values = await textsOf(
      records,
      threadId,
      channels.map(([channel, holder]) => nameOf('value', ns, holder, channel)),
    )
    return {
      key: { threadId, ns, checkpointId },
      parentId,
      checkpoint,
      metadata,
      values: Object.fromEntries(
        channels.map(([channel], place) => [
          channel,
          JSON.parse(values[place] as string) as StoredValue,
        ]),
      ),
      writes: await writesOf(checkpointId),
      parentWrites: async () => (parentId === null ? new Map() : writesOf(parentId)),
    }
  }

  async #recorded({
    threadId,
    ns,
    checkpointId,
  }: CheckpointKey): Promise<RecordedCheckpoint | null> {
    const [text = null] = await this.#options.records.read(threadId, [
      nameOf('checkpoint', ns, checkpointId),
    ])
    return text === null ? null : (JSON.parse(text) as RecordedCheckpoint)
  }

  /**
   * With which checkpoint a value lies that is said to be stored, by a copy of a checkpoint on another branch:
   * versions are counted per branch, so its content has to be the same too.
   */
  async #findClaimed(of: NewCheckpoint, channel: string): Promise<string | undefined> {
    const { threadId, ns } = of
    const claimed = of.claimed.get(channel)
    if (claimed === undefined) return undefined
    const names = namesOf(await this.#names(threadId), 'value').filter(
      (name) => name.ns === ns && name.channel === channel,
    )
    for (const { record, checkpointId } of names) {
      const [text] = await this.#options.records.read(threadId, [record])
      if (text !== claimed) continue
      const versions = await this.versionsOf({ threadId, ns, checkpointId })
      const version = versions?.[channel] ?? of.versions[channel]
      if (version === of.versions[channel]) return checkpointId
    }
    return undefined
  }

  async #head(key: CheckpointKey): Promise<Head | null> {
    const known = this.#heads.get(threadOf(key))?.head
    if (known?.checkpointId === key.checkpointId) return known
    const recorded = await this.#recorded(key)
    if (recorded === null) return null
    const { checkpoint, places } = recorded
    return { checkpointId: key.checkpointId, versions: checkpoint.channel_versions, places }
  }

  async #remember({ threadId, ns }: CheckpointKey, head: Head): Promise<void> {
    const { keep } = this.#options
    const thread = threadOf({ threadId, ns })
    // A thread that is not in memory may have grown before.
    const puts = (this.#heads.get(thread)?.puts ?? Infinity) + 1
    this.#heads.delete(thread)
    this.#heads.set(thread, { head, puts })
    for (const oldest of this.#heads.keys()) {
      if (this.#heads.size <= cachedMax) break
      this.#heads.delete(oldest)
    }
    if (keep === null || puts <= pruneSlack(keep)) return
    this.#heads.set(thread, { head, puts: 0 })
    await pruneRecords(this.#options.records, { threadId, ns, keep })
  }
}

function byTask(
  names: readonly OfKind<'write'>[],
  texts: readonly string[],
): ReadonlyMap<string, readonly StoredWrite[]> {
  const writes = new Map<string, StoredWrite[]>()
  for (const [place, { taskId }] of names.entries()) {
    const write = JSON.parse(texts[place] as string) as StoredWrite
    const known = writes.get(taskId)
    if (known === undefined) writes.set(taskId, [write])
    else known.push(write)
  }
  return writes
}

function threadOf({ threadId, ns }: Pick<CheckpointKey, 'threadId' | 'ns'>): string {
  return `${threadId}\n${ns}`
}
