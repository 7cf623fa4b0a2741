import type { Clock } from '../../../core/clock.ts'
import { isOrchestrationError } from '../../../core/errors.ts'
import type { JsonValue } from '../../../core/json.ts'
import type { Database } from '../../../storage/index.ts'
import { contentText, type Head, headOf, mergeWrites } from './checkpoint-row.ts'
import type {
  CheckpointKey,
  CheckpointQuery,
  CheckpointStore,
  NewCheckpoint,
  Skeleton,
  StoredTuple,
  StoredWrite,
  Versions,
} from './checkpoint-store.ts'
import { type CheckpointRow, GraphTables, type ListedCheckpoint } from './graph-tables.ts'
import { prune } from './file-pruning.ts'
import { pruneSlack } from './kept-checkpoints.ts'
import type { StoredValue } from './value-codec.ts'

export interface FileCheckpointStoreOptions {
  readonly database: Database
  readonly clock: Clock
  /** Checkpoints kept of each thread and namespace, the newest; null keeps all. */
  readonly keep: number | null
}

interface Waiting {
  readonly run: () => void
  readonly settle: (error: unknown) => void
}

/** Threads of which the number and the newest checkpoint are kept in memory. */
const cachedMax = 1_024

/**
 * The checkpoints in Aura's file. Everything that one turn of the event loop asks to record, of all
 * threads, is one transaction at its end.
 */
export class FileCheckpointStore implements CheckpointStore {
  readonly #options: FileCheckpointStoreOptions
  readonly #tables: GraphTables
  #waiting: Waiting[] = []
  #settled: Promise<void> = Promise.resolve()
  /** By number of the thread: its last written checkpoint, and how many it has. The oldest use first. */
  readonly #heads = new Map<number, { head: Head; count: number }>()
  /** Numbers of the threads that were used last. */
  readonly #threads = new Map<string, number>()

  constructor(options: FileCheckpointStoreOptions) {
    this.#options = options
    this.#tables = new GraphTables(options.database)
  }

  /** Does not wait for what is to be recorded in this turn: whoever asks wants to be part of it. */
  async versionsOf(key: CheckpointKey): Promise<Versions | null> {
    return this.#options.database.read(() => {
      const thread = this.#threads.get(nameOf(key)) ?? this.#tables.findThread(key.threadId, key.ns)
      return thread === null ? null : (this.#head(thread, key.checkpointId)?.versions ?? null)
    })
  }

  put(checkpoint: NewCheckpoint): Promise<void> {
    return this.#record(() => this.#put(checkpoint))
  }

  putWrites(
    key: CheckpointKey,
    taskId: string,
    writes: ReadonlyMap<number, string>,
  ): Promise<void> {
    return this.#record(() => {
      const thread = this.#thread(key)
      const { checkpointId } = key
      const earlier = this.#tables.writesOfTask(thread, checkpointId, taskId)
      const given = `[${[...writes.values()].join(',')}]`
      const payload =
        earlier === null
          ? given
          : JSON.stringify(mergeWrites(earlier, JSON.parse(given) as StoredWrite[]))
      this.#tables.putWrites({ thread, checkpointId, taskId, payload })
    })
  }

  async notes(threadId: string): Promise<ReadonlyMap<string, JsonValue>> {
    await this.#settled
    return this.#options.database.read(() => {
      const thread = this.#tables.findThread(threadId, '')
      return thread === null ? new Map<string, JsonValue>() : this.#tables.notesOf(thread)
    })
  }

  note(threadId: string, name: string, value: JsonValue): Promise<void> {
    const payload = JSON.stringify(value)
    return this.#record(() => {
      const thread = this.#thread({ threadId, ns: '' })
      this.#tables.putNote(thread, name, payload)
    })
  }

  deleteThreads(threadId: string, scope: 'exactly' | 'under'): Promise<void> {
    return this.#record(() => {
      for (const thread of this.#tables.threadsOf(threadId, scope)) {
        this.#tables.removeThread(thread)
        this.#heads.delete(thread)
      }
      this.#threads.clear()
    })
  }

  trimThread(threadId: string, note: string): Promise<void> {
    return this.#record(() => {
      for (const thread of this.#tables.threadsOf(threadId, 'exactly')) {
        prune(this.#tables, thread, 1)
        this.#tables.removeNotesBut(thread, note)
        this.#heads.delete(thread)
      }
    })
  }

  async find(
    threadId: string,
    ns: string,
    checkpointId: string | null,
  ): Promise<StoredTuple | null> {
    await this.#settled
    return this.#options.database.read(() => {
      const thread = this.#tables.findThread(threadId, ns)
      if (thread === null) return null
      return this.#tuple({ threadId, ns, thread }, checkpointId)
    })
  }

  async *list(of: CheckpointQuery): AsyncGenerator<StoredTuple> {
    await this.#settled
    const { database } = this.#options
    for (const listed of database.read(() => this.#tables.list(of))) {
      const tuple = database.read(() => this.#tuple(listed, listed.checkpointId))
      if (tuple !== null) yield tuple
    }
  }

  #tuple(
    of: Omit<ListedCheckpoint, 'checkpointId'>,
    checkpointId: string | null,
  ): StoredTuple | null {
    const row = this.#tables.findCheckpoint(of.thread, checkpointId)
    if (row === null || row.checkpointId === null) return null
    const { parentId, content } = row
    return {
      key: { threadId: of.threadId, ns: of.ns, checkpointId: row.checkpointId },
      parentId,
      checkpoint: content.checkpoint as Skeleton,
      metadata: content.metadata,
      values: this.#values(of.thread, row),
      writes: this.#tables.writesOf(of.thread, row.checkpointId),
      parentWrites: async () =>
        parentId === null
          ? new Map()
          : this.#options.database.read(() => this.#tables.writesOf(of.thread, parentId)),
    }
  }

  #values(thread: number, row: CheckpointRow): Record<string, StoredValue> {
    const rows = new Map([[row.position, row]])
    const values: Record<string, StoredValue> = {}
    const head = headOf(row.checkpointId ?? '', row.position, row.content)
    for (const [channel, position] of head.places) {
      const holder = rows.get(position) ?? this.#tables.checkpointAt(thread, position)
      rows.set(position, holder)
      const value = holder.content.values[channel]
      if (value !== undefined) values[channel] = value
    }
    return values
  }

  #put(of: NewCheckpoint): void {
    const thread = this.#thread(of)
    const parent = of.parentId === null ? null : this.#head(thread, of.parentId)
    const values = new Map<string, string>()
    const refs = new Map<string, number>()
    for (const [channel, version] of Object.entries(of.versions)) {
      const fresh = of.fresh.get(channel)
      if (fresh !== undefined) {
        if (fresh !== null) values.set(channel, fresh)
      } else if (parent?.versions[channel] === version) {
        const position = parent.places.get(channel)
        if (position !== undefined) refs.set(channel, position)
      } else {
        const position = this.#findClaimed(thread, of, channel)
        if (position !== null) refs.set(channel, position)
      }
    }
    const payload = contentText({ skeleton: of.skeleton, metadata: of.metadata, values, refs })
    const { checkpointId, parentId } = of
    const added = this.#tables.addCheckpoint({ thread, checkpointId, parentId, payload })
    const position = added ?? this.#putAgain(thread, of, { values, refs })
    this.#count(thread, of, added !== null)
    const places = new Map(refs)
    for (const channel of values.keys()) places.set(channel, position)
    this.#remember(thread, { checkpointId, versions: of.versions, places })
  }

  /** The same checkpoint once more: values that were in its row may be referred to by others. */
  #putAgain(
    thread: number,
    of: NewCheckpoint,
    { values, refs }: { values: ReadonlyMap<string, string>; refs: ReadonlyMap<string, number> },
  ): number {
    const row = this.#tables.findCheckpoint(thread, of.checkpointId) as CheckpointRow
    const { checkpointId, parentId } = of
    const all = new Map(
      Object.entries(row.content.values).map(([channel, value]) => [
        channel,
        JSON.stringify(value),
      ]),
    )
    for (const [channel, text] of values) all.set(channel, text)
    const payload = contentText({ skeleton: of.skeleton, metadata: of.metadata, values: all, refs })
    this.#tables.changeCheckpoint(row.position, { thread, checkpointId, parentId, payload })
    return row.position
  }

  /**
   * Where a value lies that is said to be stored, by a copy of a checkpoint on another branch: versions
   * are counted per branch, so its content has to be the same too.
   */
  #findClaimed(thread: number, of: NewCheckpoint, channel: string): number | null {
    const text = of.claimed.get(channel)
    if (text === undefined) return null
    for (const { position, content } of this.#tables.checkpointsOf(thread)) {
      const version = content.checkpoint?.channel_versions[channel]
      if (version !== undefined && version !== of.versions[channel]) continue
      if (JSON.stringify(content.values[channel]) === text) return position
    }
    return null
  }

  #thread({ threadId, ns }: Omit<CheckpointKey, 'checkpointId'>): number {
    const name = nameOf({ threadId, ns })
    const known = this.#threads.get(name)
    if (known !== undefined) return known
    const thread = this.#tables.findThread(threadId, ns) ?? this.#tables.addThread(threadId, ns)
    if (this.#threads.size >= cachedMax) this.#threads.clear()
    this.#threads.set(name, thread)
    return thread
  }

  #head(thread: number, checkpointId: string): Head | null {
    const known = this.#heads.get(thread)?.head
    if (known?.checkpointId === checkpointId) return known
    const row = this.#tables.findCheckpoint(thread, checkpointId)
    return row === null ? null : headOf(checkpointId, row.position, row.content)
  }

  #count(thread: number, { threadId, ns }: NewCheckpoint, isNew: boolean): void {
    const { keep } = this.#options
    const known = this.#heads.get(thread)
    if (known === undefined || keep === null) return
    if (isNew) known.count++
    if (known.count <= keep + pruneSlack(keep)) return
    const { count, oldestId } = prune(this.#tables, thread, keep)
    known.count = count
    // Each call of a subgraph has a namespace of its own, which goes with the checkpoints of its time.
    if (ns !== '' || oldestId === null) return
    for (const old of this.#tables.namespacesBefore(threadId, oldestId)) {
      this.#tables.removeThread(old)
      this.#heads.delete(old)
      this.#threads.clear()
    }
  }

  #remember(thread: number, head: Head): void {
    const { keep } = this.#options
    const known = this.#heads.get(thread)
    // A thread that is not in memory may have grown before.
    const count = known?.count ?? (keep === null ? 0 : this.#tables.countCheckpoints(thread))
    this.#heads.delete(thread)
    this.#heads.set(thread, { head, count })
    if (this.#heads.size <= cachedMax) return
    for (const oldest of this.#heads.keys()) {
      this.#heads.delete(oldest)
      break
    }
  }

  #record(run: () => void): Promise<void> {
    const recorded = new Promise<void>((resolve, reject) => {
      const settle = (error: unknown): void => (error === null ? resolve() : reject(error))
      this.#waiting.push({ run, settle })
    })
    if (this.#waiting.length === 1) {
      this.#settled = new Promise((resolve) => {
        this.#options.clock.atTurnEnd(() => {
          this.#flush()
          resolve()
        })
      })
    }
    return recorded
  }

  #flush(): void {
    const batch = this.#waiting
    this.#waiting = []
    const refusals = new Map<Waiting, unknown>()
    try {
      this.#options.database.commit(() => {
        for (const one of batch) {
          try {
            one.run()
          } catch (thrown) {
            // Damage in one thread is not the fault of the others. What it read, it read before it wrote.
            if (!isOrchestrationError(thrown)) throw thrown
            refusals.set(one, thrown)
          }
        }
      })
    } catch (thrown) {
      this.#heads.clear()
      this.#threads.clear()
      for (const { settle } of batch) settle(thrown)
      return
    }
    for (const one of batch) one.settle(refusals.get(one) ?? null)
  }
}

function nameOf({ threadId, ns }: Omit<CheckpointKey, 'checkpointId'>): string {
  return `${threadId}\n${ns}`
}
