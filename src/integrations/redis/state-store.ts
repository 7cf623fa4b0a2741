import { type Clock, systemClock } from '../../core/clock.ts'
import type { StateWrite, WorkflowStateEntry } from '../../core/contracts/state.ts'
import type { Telemetry } from '../../core/contracts/telemetry.ts'
import { StateConsistencyError } from '../../core/errors.ts'
import { executionId } from '../../core/ids.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { stateKey } from '../../core/state-key.ts'
import {
  checkBatch,
  checkCount,
  checkGuard,
  checkImage,
  checkName,
  type RecordedBatch,
  type Refusal,
  refusedChange,
  type StateBatch,
  type StateGuard,
  type StateImage,
  type StateReceipt,
  type StateStore,
  storedText,
} from '../../state/index.ts'
import type { RedisConnection, Script } from './connection.ts'
import { defaultPrefix, workflowKeys } from './keys.ts'
import { ReadCache } from './read-cache.ts'
import {
  applyScript,
  checkpointScript,
  expireScript,
  listScript,
  mergeScript,
  rebuildScript,
  rollbackScript,
} from './state-scripts.ts'

export interface RedisStateStoreOptions {
  readonly connection: RedisConnection
  /** Judges times to live: the clocks of all who share the state should agree. Default the computer's own. */
  readonly clock?: Clock
  /** What every key begins with; default `aura:`. */
  readonly prefix?: string
  /**
   * Entries that are kept here until the server says that they were changed; default 10,000, 0 for none. A cluster
   * has none.
   */
  readonly cachedEntriesMax?: number
  /** Is told of each read of a single entry whether it was kept here, as the cache `state`; default nobody. */
  readonly telemetry?: Pick<Telemetry, 'cacheRead'>
}

/** Workflow state in Redis; every change is one script. */
export class RedisStateStore implements StateStore {
  readonly #connection: RedisConnection
  readonly #clock: Clock
  readonly #prefix: string
  readonly #cache: ReadCache | null
  readonly #stop: () => void

  constructor(options: RedisStateStoreOptions) {
    const { connection, prefix = defaultPrefix, cachedEntriesMax = 10_000, telemetry } = options
    const onRead = (isHit: boolean): void => telemetry?.cacheRead('state', isHit)
    this.#connection = connection
    this.#clock = options.clock ?? systemClock
    this.#prefix = prefix
    const cache =
      cachedEntriesMax > 0 && !connection.isCluster ? new ReadCache(cachedEntriesMax, onRead) : null
    this.#cache = cache
    this.#stop = cache === null ? () => {} : connection.onInvalidate((key) => cache.forget(key))
  }

  async get(workflowId: string, key: string): Promise<WorkflowStateEntry | null> {
    const [hash] = workflowKeys(this.#prefix, executionId(workflowId))
    const field = stateKey(key)
    const load = async (): Promise<string | null> =>
      (await this.#connection.ask((client) => client.hGet(hash, field))) ?? null
    const record = await (this.#cache === null ? load() : this.#cache.field(hash, field, load))
    return record === null ? null : this.#entry(workflowId, key, record)
  }

  async list(workflowId: string): Promise<readonly WorkflowStateEntry[]> {
    const [hash] = workflowKeys(this.#prefix, executionId(workflowId))
    const flat = (await this.#connection.run(listScript, [hash], [])) as readonly string[]
    const entries: WorkflowStateEntry[] = []
    for (let place = 0; place < flat.length; place += 2) {
      const entry = this.#entry(workflowId, flat[place] ?? '', flat[place + 1] ?? '')
      if (entry !== null) entries.push(entry)
    }
    return entries.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  }

  async revision(workflowId: string): Promise<number> {
    const [, meta] = workflowKeys(this.#prefix, executionId(workflowId))
    return Number((await this.#connection.ask((client) => client.hGet(meta, 'revision'))) ?? 0)
  }

  async apply(
    workflowId: string,
    batch: StateBatch,
    guard: StateGuard = {},
  ): Promise<StateReceipt> {
    checkBatch(workflowId, batch)
    const values = [batch.batchId ?? '', ...this.#writes(batch.writes, this.#clock.nowMs())]
    return receiptOf(await this.#change(applyScript, workflowId, { guard, values }))
  }

  async checkpoint(
    workflowId: string,
    checkpointId: string,
    guard: StateGuard = {},
  ): Promise<void> {
    checkName('checkpoint', checkpointId)
    await this.#change(checkpointScript, workflowId, { guard, values: [checkpointId] })
  }

  async rollback(
    workflowId: string,
    { checkpointId, batchId }: { readonly checkpointId: string; readonly batchId: string },
    guard: StateGuard = {},
  ): Promise<StateReceipt> {
    checkName('batch', batchId)
    const values = [batchId, checkName('checkpoint', checkpointId)]
    return receiptOf(await this.#change(rollbackScript, workflowId, { guard, values }))
  }

  async rebuild(
    workflowId: string,
    batches: readonly RecordedBatch[],
    { fence }: StateGuard = {},
  ): Promise<void> {
    for (const batch of batches) checkBatch(workflowId, batch)
    const values = batches.flatMap(({ batchId, atMs, writes }) => [
      batchId ?? '',
      atMs,
      writes.length,
      ...this.#writes(writes, atMs),
    ])
    const guard = fence === undefined ? {} : { fence }
    await this.#change(rebuildScript, workflowId, { guard, values })
  }

  async merge(workflowId: string, image: StateImage, guard: StateGuard = {}): Promise<void> {
    checkImage(workflowId, image)
    const entries = image.entries.flatMap((entry) => {
      const { key, version, atMs, expiresAtMs } = entry
      return [key, version, atMs, expiresAtMs ?? '', storedText(entry)]
    })
    await this.#change(mergeScript, workflowId, { guard, values: [image.revision, ...entries] })
  }

  async expire(workflowId: string, keepMs: number): Promise<void> {
    const keys = workflowKeys(this.#prefix, executionId(workflowId))
    await this.#connection.run(expireScript, keys, [checkCount('keepMs', keepMs, 0)])
    this.#cache?.forget(keys[0])
  }

  /** Stops listening for changes. The connection stays. */
  close(): void {
    this.#stop()
  }

  #writes(writes: readonly StateWrite[], atMs: number): readonly (string | number)[] {
    return writes.flatMap((write) => {
      const { key, expectedVersion, ttlMs } = write
      const expiry = ttlMs === undefined ? '' : atMs + ttlMs
      return [key, expectedVersion ?? '', expiry, storedText(write)]
    })
  }

  /** Runs a script that changes a workflow, or throws its refusal. */
  async #change(
    script: Script,
    workflowId: string,
    given: { readonly guard: StateGuard; readonly values: readonly (string | number)[] },
  ): Promise<readonly string[]> {
    checkGuard(given.guard)
    const { knownRevision = 0, fence } = given.guard
    const keys = workflowKeys(this.#prefix, executionId(workflowId))
    const token = fence?.token ?? 0
    const guard = [this.#clock.nowMs(), knownRevision, token, fence?.holder ?? '']
    const answer = await this.#connection.run(script, keys, [...guard, ...given.values])
    // The server tells of the change too, but perhaps only after its answer.
    this.#cache?.forget(keys[0])
    const words = answer as readonly string[]
    const refusal = refusalOf(words, { known: knownRevision, token, values: given.values })
    if (refusal !== null) throw refusedChange(workflowId, refusal)
    return words
  }

  #entry(workflowId: string, key: string, record: string): WorkflowStateEntry | null {
    const [, version, at, expires, text] = /^(\d+):(\d+):(\d*):(.*)$/s.exec(record) ?? []
    if (text === undefined)
      throw new StateConsistencyError(`'${key}' in the state of '${workflowId}' cannot be read`, {
        hint: 'something else wrote under this prefix; rebuild the state from the recorded batches',
      })
    const expiresAtMs = expires === '' ? null : Number(expires)
    if (text === '' || (expiresAtMs !== null && expiresAtMs <= this.#clock.nowMs())) return null
    const [value, metadata] = JSON.parse(text) as [JsonValue, JsonObject]
    const timestampMs = Number(at)
    const ttlMs = expiresAtMs === null ? null : expiresAtMs - timestampMs
    return { workflowId, key, value, version: Number(version), timestampMs, ttlMs, metadata }
  }
}

/** Why a script changed nothing; null when it did, or knew the batch. */
function refusalOf(
  [word, first = '', second, third]: readonly string[],
  asked: {
    readonly known: number
    readonly token: number
    readonly values: readonly (string | number)[]
  },
): Refusal | null {
  switch (word) {
    case 'ok':
    case 'repeat':
      return null
    case 'fenced':
      return { kind: 'fenced', token: asked.token, seen: Number(first) }
    case 'behind':
      return { kind: 'behind', revision: Number(first), known: asked.known }
    case 'conflict':
      return { kind: 'conflict', key: first, expected: Number(second), version: Number(third) }
    case 'missing':
      return { kind: 'missing', checkpointId: String(asked.values[1]) }
    case 'keys':
    case 'checkpoints':
      return { kind: word }
    default:
      throw new StateConsistencyError(`a script answered '${String(word)}'`)
  }
}

/** Reads `revision key:version key:version …`. */
function receiptOf([word, receipt = '']: readonly string[]): StateReceipt {
  const [revision, ...changed] = receipt.split(' ').filter((part) => part !== '')
  const versions = changed.map((part) => {
    const colon = part.lastIndexOf(':')
    return { key: part.slice(0, colon), version: Number(part.slice(colon + 1)) }
  })
  return { revision: Number(revision), versions, isRepeat: word === 'repeat' }
}
