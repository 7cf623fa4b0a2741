import type { RunnableConfig } from '@langchain/core/runnables'
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  compareWritesSortKeys,
  getCheckpointId,
  JsonPlusSerializer,
  maxChannelVersion,
  type PendingWrite,
  type SerializerProtocol,
  TASKS,
  WRITES_IDX_MAP,
  writesSortKey,
} from '@langchain/langgraph-checkpoint'
import { type Clock, systemClock } from '../../../core/clock.ts'
import { OrchestrationError } from '../../../core/errors.ts'
import type { JsonValue } from '../../../core/json.ts'
import type { RecordStore } from '../../../core/contracts/record-store.ts'
import type { Database } from '../../../storage/index.ts'
import type {
  CheckpointKey,
  CheckpointStore,
  NewCheckpoint,
  StoredTuple,
  StoredWrite,
} from './checkpoint-store.ts'
import { FileCheckpointStore } from './file-checkpoint-store.ts'
import { SharedCheckpointStore } from './shared-checkpoint-store.ts'
import { ValueCodec } from './value-codec.ts'

/** Where checkpoints are kept: in an open file, or in records that several processes share. */
export type CheckpointPlace =
  | { readonly database: Database }
  | {
      /** Such as a `RedisRecordStore`, with a prefix that nothing else has. */
      readonly records: RecordStore
      /** How long a thread is kept whose run has ended (`trimThread`); default 7 days, null for ever. */
      readonly keepEndedMs?: number | null
    }

export type CheckpointSaverOptions = CheckpointPlace & CheckpointSettings

export interface CheckpointSettings {
  /** Checkpoints kept of each thread and namespace, the newest; default 100, null keeps all. */
  readonly keep?: number | null
  /** Default LangGraph's own. With another one every value goes through it. */
  readonly serde?: SerializerProtocol
  readonly clock?: Clock
}

/** Checkpoints that are kept of each thread and namespace. */
const keepDefault = 100
const keepEndedMsDefault = 7 * 24 * 3_600_000

/**
 * LangGraph's checkpointer over Aura's file, or over records that processes share. A checkpoint stores the values of
 * channels that changed. Only the newest checkpoints of a thread are kept, so that a thread which never ends does
 * not grow without end. In a file, all that one turn of the event loop records, of all threads, is one commit, and
 * each row has a checksum.
 */
export class AuraCheckpointSaver extends BaseCheckpointSaver {
  readonly #store: CheckpointStore
  readonly #codec: ValueCodec

  /** @throws InputError for a `keep` below 1 */
  constructor(options: CheckpointSaverOptions) {
    super(options.serde)
    const keep = options.keep === undefined ? keepDefault : options.keep
    if (keep !== null && !(Number.isInteger(keep) && keep >= 1))
      throw new OrchestrationError('InputError', `keep is a whole number from 1 on, not ${keep}`, {
        hint: 'null keeps every checkpoint',
      })
    this.#store = storeOf(options, keep)
    this.#codec = new ValueCodec(this.serde, this.serde instanceof JsonPlusSerializer)
  }

  /** @throws StateConsistencyError when a row of it was altered; StorageError */
  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { threadId, ns, checkpointId } = placeOf(config)
    if (threadId === null) return undefined
    const found = await this.#store.find(threadId, ns ?? '', checkpointId)
    return found === null ? undefined : this.#tuple(found)
  }

  /** The newest first. @throws as `getTuple`, when it comes to a row that was altered */
  override async *list(
    config: RunnableConfig,
    options: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    const { limit, before, filter = {} } = options
    const beforeId = before === undefined ? null : getCheckpointId(before) || null
    const wanted = Object.entries(filter).filter(([, value]) => value !== undefined)
    let left = limit ?? Number.POSITIVE_INFINITY
    if (left <= 0) return
    for await (const found of this.#store.list({ ...placeOf(config), beforeId })) {
      const { metadata } = found
      const noted = (metadata === null ? {} : await this.#codec.decode(metadata)) as object
      if (!wanted.every(([key, value]) => noted[key as never] === value)) continue
      yield await this.#tuple(found)
      if (--left <= 0) return
    }
  }

  /**
   * Resolves when the checkpoint is on disk.
   *
   * @throws InputError without a `thread_id`; StorageError, retryable when the disk is full or read-only
   */
  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const { threadId, ns, checkpointId: parentId } = threadOf(config)
    const key = { threadId, ns, checkpointId: checkpoint.id }
    const { channel_values: values, ...skeleton } = checkpoint
    const fresh = new Map<string, string | null>()
    for (const channel of Object.keys(newVersions)) {
      const isSet = Object.hasOwn(values, channel) && values[channel] !== undefined
      fresh.set(channel, isSet ? await this.#encoded(values[channel]) : null)
    }
    await this.#store.put({
      ...key,
      parentId,
      skeleton: JSON.stringify({
        v: skeleton.v,
        id: skeleton.id,
        ts: skeleton.ts,
        channel_versions: skeleton.channel_versions,
        versions_seen: skeleton.versions_seen,
      }),
      metadata: await this.#encoded(metadata),
      versions: { ...checkpoint.channel_versions },
      fresh,
      claimed: await this.#claimed(key, parentId, { checkpoint, newVersions }),
    })
    return configOf(key)
  }

  /**
   * Resolves when the writes are on disk.
   *
   * @throws InputError without a `thread_id` and `checkpoint_id`; StorageError as `put`
   */
  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath = '',
  ): Promise<void> {
    const { threadId, ns, checkpointId } = threadOf(config)
    if (checkpointId === null) throw missing('checkpoint_id')
    const texts = new Map<number, string>()
    for (const [index, [channel, value]] of writes.entries()) {
      const place = WRITES_IDX_MAP[channel] ?? index
      const stored = await this.#encoded(value)
      const path = JSON.stringify(taskPath)
      texts.set(place, `[${place},${JSON.stringify(channel)},${stored},${path}]`)
    }
    await this.#store.putWrites({ threadId, ns, checkpointId }, taskId, texts)
  }

  /** Deletes every checkpoint of a thread. @throws StorageError */
  override deleteThread(threadId: string): Promise<void> {
    return this.#store.deleteThreads(threadId, 'exactly')
  }

  /** Deletes the threads that calls of an execution had, whose ids begin with its id. @throws StorageError */
  forgetExecution(executionId: string): Promise<void> {
    return this.#store.deleteThreads(executionId, 'under')
  }

  /** Keeps only the newest checkpoint of a thread and one of its notes, as for one that has ended. @throws StorageError */
  trimThread(threadId: string, note: string): Promise<void> {
    return this.#store.trimThread(threadId, note)
  }

  /** What was noted beside the checkpoints of a thread, by name. @throws as `getTuple` */
  notes(threadId: string): Promise<ReadonlyMap<string, JsonValue>> {
    return this.#store.notes(threadId)
  }

  /** Notes something beside the checkpoints of a thread; resolves when it is on disk. @throws StorageError */
  note(threadId: string, name: string, value: JsonValue): Promise<void> {
    return this.#store.note(threadId, name, value)
  }

  async #tuple(found: StoredTuple): Promise<CheckpointTuple> {
    const { key, parentId, metadata } = found
    const checkpoint: Checkpoint = { ...found.checkpoint, channel_values: {} }
    for (const [channel, value] of Object.entries(found.values))
      checkpoint.channel_values[channel] = await this.#codec.decode(value)
    if (checkpoint.v < 4 && parentId !== null)
      await this.#addPendingSends(checkpoint, await found.parentWrites())
    const tuple: CheckpointTuple = {
      config: configOf(key),
      checkpoint,
      pendingWrites: await this.#pendingWrites(found.writes),
    }
    if (metadata !== null)
      tuple.metadata = (await this.#codec.decode(metadata)) as CheckpointMetadata
    if (parentId !== null) tuple.parentConfig = configOf({ ...key, checkpointId: parentId })
    return tuple
  }

  /** Before format 4 the sends of a step were read from what its parent's tasks had written. */
  async #addPendingSends(
    checkpoint: Checkpoint,
    writes: ReadonlyMap<string, readonly StoredWrite[]>,
  ): Promise<void> {
    const pending = await this.#pendingWrites(writes)
    const versions = Object.values(checkpoint.channel_versions)
    checkpoint.channel_values[TASKS] = pending
      .filter(([, channel]) => channel === TASKS)
      .map(([, , value]) => value)
    checkpoint.channel_versions[TASKS] =
      versions.length > 0 ? maxChannelVersion(...versions) : this.getNextVersion(undefined)
  }

  async #pendingWrites(
    writes: ReadonlyMap<string, readonly StoredWrite[]>,
  ): Promise<CheckpointPendingWrite[]> {
    const all = [...writes].flatMap(([taskId, stored]) =>
      stored.map(([index, channel, value, path]) => {
        return { taskId, channel, value, sortKey: writesSortKey(path, taskId, index) }
      }),
    )
    all.sort((a, b) => compareWritesSortKeys(a.sortKey, b.sortKey))
    const pending: CheckpointPendingWrite[] = []
    for (const { taskId, channel, value } of all)
      pending.push([taskId, channel, await this.#codec.decode(value)])
    return pending
  }

  /** Values that are neither new nor the parent's: a copy of a checkpoint from another branch has them. */
  async #claimed(
    key: CheckpointKey,
    parentId: string | null,
    of: { readonly checkpoint: Checkpoint; readonly newVersions: ChannelVersions },
  ): Promise<NewCheckpoint['claimed']> {
    const { channel_values: values, channel_versions: versions } = of.checkpoint
    const others = Object.keys(values).filter((channel) => !Object.hasOwn(of.newVersions, channel))
    const claimed = new Map<string, string>()
    if (others.length === 0) return claimed
    const known =
      parentId === null ? null : await this.#store.versionsOf({ ...key, checkpointId: parentId })
    for (const channel of others) {
      if (known?.[channel] !== undefined && known[channel] === versions[channel]) continue
      claimed.set(channel, await this.#encoded(values[channel]))
    }
    return claimed
  }

  #encoded(value: unknown): string | Promise<string> {
    return this.#codec.encode(value)
  }
}

function storeOf(options: CheckpointSaverOptions, keep: number | null): CheckpointStore {
  if ('database' in options) {
    const { database, clock = systemClock } = options
    return new FileCheckpointStore({ database, clock, keep })
  }
  const { records, keepEndedMs = keepEndedMsDefault } = options
  return new SharedCheckpointStore({ records, keep, keepEndedMs })
}

interface Place {
  readonly threadId: string | null
  /** Null for any. */
  readonly ns: string | null
  /** Null for the newest. */
  readonly checkpointId: string | null
}

function placeOf({ configurable = {} }: RunnableConfig): Place {
  const ns: unknown = configurable['checkpoint_ns']
  return {
    threadId: textOf(configurable['thread_id'], 'thread_id'),
    ns: typeof ns === 'string' ? ns : null,
    checkpointId: textOf(getCheckpointId({ configurable }) || undefined, 'checkpoint_id'),
  }
}

function threadOf(config: RunnableConfig): {
  readonly threadId: string
  readonly ns: string
  readonly checkpointId: string | null
} {
  const { threadId, ns, checkpointId } = placeOf(config)
  if (threadId === null) throw missing('thread_id')
  return { threadId, ns: ns ?? '', checkpointId }
}

function textOf(value: unknown, name: string): string | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string' && value !== '') return value
  throw new OrchestrationError('InputError', `configurable.${name} is a text that is not empty`, {
    details: { found: typeof value },
  })
}

function missing(name: string): OrchestrationError {
  return new OrchestrationError('InputError', `configurable.${name} is missing`, {
    hint: `a graph with a checkpointer needs one, such as invoke(input, { configurable: { thread_id: 'chat-1' } })`,
  })
}

function configOf({ threadId, ns, checkpointId }: CheckpointKey): RunnableConfig {
  return {
    configurable: { thread_id: threadId, checkpoint_ns: ns, checkpoint_id: checkpointId },
  }
}
