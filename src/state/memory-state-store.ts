import type { Clock } from '../core/clock.ts'
import type { StateWrite, WorkflowStateEntry } from '../core/contracts/state.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { limits } from '../core/limits.ts'
import {
  checkBatch,
  checkCount,
  checkGuard,
  checkImage,
  checkName,
  storedText,
} from './checked-write.ts'
import { type Refusal, refusedChange } from './refused-change.ts'
import type {
  Fence,
  RecordedBatch,
  StateBatch,
  StateGuard,
  StateImage,
  StateReceipt,
  StateStore,
} from './state-store.ts'

interface Kept {
  readonly key: string
  readonly version: number
  readonly atMs: number
  readonly expiresAtMs: number | null
  /** As `storedText` made it. */
  readonly text: string
}

interface Workflow {
  entries: Map<string, Kept>
  revision: number
  fence: Fence | null
  readonly batches: Map<string, StateReceipt>
  readonly checkpoints: Map<string, readonly Kept[]>
  goneAtMs: number | null
}

/** State in memory, for tests and for one process; it is gone with it. */
export class MemoryStateStore implements StateStore {
  readonly #workflows = new Map<string, Workflow>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async get(workflowId: string, key: string): Promise<WorkflowStateEntry | null> {
    const kept = this.#find(workflowId)?.entries.get(key)
    return kept === undefined || !this.#isThere(kept) ? null : entryOf(workflowId, kept)
  }

  async list(workflowId: string): Promise<readonly WorkflowStateEntry[]> {
    return Array.from(this.#find(workflowId)?.entries.values() ?? [])
      .filter((kept) => this.#isThere(kept))
      .map((kept) => entryOf(workflowId, kept))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  }

  async revision(workflowId: string): Promise<number> {
    return this.#find(workflowId)?.revision ?? 0
  }

  async apply(
    workflowId: string,
    batch: StateBatch,
    guard: StateGuard = {},
  ): Promise<StateReceipt> {
    checkBatch(workflowId, batch)
    const workflow = this.#guarded(workflowId, guard)
    const known = repeatOf(workflow, batch.batchId)
    if (known !== null) return known
    const conflict = batch.writes.find(
      ({ key, expectedVersion }) =>
        expectedVersion !== undefined && expectedVersion !== this.#versionOf(workflow, key),
    )
    if (conflict !== undefined)
      throw refusedChange(workflowId, {
        kind: 'conflict',
        key: conflict.key,
        expected: conflict.expectedVersion ?? 0,
        version: this.#versionOf(workflow, conflict.key),
      })
    const keys = new Set([...workflow.entries.keys(), ...batch.writes.map(({ key }) => key)])
    if (keys.size > limits.stateKeysMax) throw refusedChange(workflowId, { kind: 'keys' })
    this.#accept(workflowId, workflow, guard)
    const changed = writeAll(workflow.entries, batch.writes, this.#clock.nowMs())
    return changedReceipt(workflow, batch.batchId, changed)
  }

  async checkpoint(
    workflowId: string,
    checkpointId: string,
    guard: StateGuard = {},
  ): Promise<void> {
    checkName('checkpoint', checkpointId)
    const workflow = this.#guarded(workflowId, guard)
    const { checkpoints, entries } = workflow
    if (checkpoints.has(checkpointId)) return
    if (checkpoints.size >= limits.stateCheckpointsMax)
      throw refusedChange(workflowId, { kind: 'checkpoints' })
    this.#accept(workflowId, workflow, guard)
    checkpoints.set(
      checkpointId,
      Array.from(entries.values()).filter((kept) => this.#isThere(kept)),
    )
  }

  async rollback(
    workflowId: string,
    { checkpointId, batchId }: { readonly checkpointId: string; readonly batchId: string },
    guard: StateGuard = {},
  ): Promise<StateReceipt> {
    checkName('batch', batchId)
    const workflow = this.#guarded(workflowId, guard)
    const known = repeatOf(workflow, batchId)
    if (known !== null) return known
    const before = workflow.checkpoints.get(checkpointId)
    if (before === undefined) throw refusedChange(workflowId, { kind: 'missing', checkpointId })
    this.#accept(workflowId, workflow, guard)
    const atMs = this.#clock.nowMs()
    const restored = new Map(before.map((kept) => [kept.key, kept]))
    const changed: Kept[] = []
    for (const { key, version, text } of workflow.entries.values())
      if (!restored.has(key) && text !== '')
        changed.push({ key, version: version + 1, atMs, expiresAtMs: null, text: '' })
    for (const kept of before) {
      const version = workflow.entries.get(kept.key)?.version ?? 0
      if (version !== kept.version) changed.push({ ...kept, version: version + 1, atMs })
    }
    for (const kept of changed) workflow.entries.set(kept.key, kept)
    return changedReceipt(workflow, batchId, changed)
  }

  async rebuild(
    workflowId: string,
    batches: readonly RecordedBatch[],
    { fence }: StateGuard = {},
  ): Promise<void> {
    for (const batch of batches) checkBatch(workflowId, batch)
    const guard = fence === undefined ? {} : { fence }
    const workflow = this.#guarded(workflowId, guard)
    this.#accept(workflowId, workflow, guard)
    workflow.entries = new Map()
    workflow.batches.clear()
    workflow.revision = 0
    for (const { batchId, writes, atMs } of batches)
      changedReceipt(workflow, batchId, writeAll(workflow.entries, writes, atMs))
  }

  async merge(workflowId: string, image: StateImage, guard: StateGuard = {}): Promise<void> {
    checkImage(workflowId, image)
    const workflow = this.#guarded(workflowId, guard)
    this.#accept(workflowId, workflow, guard)
    for (const entry of image.entries) {
      const { key, version, atMs, expiresAtMs } = entry
      if (version <= (workflow.entries.get(key)?.version ?? 0)) continue
      const text = storedText(entry)
      workflow.entries.set(key, { key, version, atMs, expiresAtMs, text })
    }
    workflow.revision = Math.max(workflow.revision, image.revision)
  }

  async expire(workflowId: string, keepMs: number): Promise<void> {
    checkCount('keepMs', keepMs, 0)
    const workflow = this.#find(workflowId)
    if (workflow !== undefined) workflow.goneAtMs = this.#clock.nowMs() + keepMs
  }

  #find(workflowId: string): Workflow | undefined {
    const workflow = this.#workflows.get(workflowId)
    if (workflow === undefined || workflow.goneAtMs === null) return workflow
    if (workflow.goneAtMs > this.#clock.nowMs()) return workflow
    this.#workflows.delete(workflowId)
    return undefined
  }

  /** The workflow that a change is about, if the guard lets it. */
  #guarded(workflowId: string, guard: StateGuard): Workflow {
    checkGuard(guard)
    const { fence, knownRevision = 0 } = guard
    const workflow = this.#find(workflowId) ?? newWorkflow()
    const refusal = refusalOf(workflow, knownRevision, fence)
    if (refusal !== null) throw refusedChange(workflowId, refusal)
    return workflow
  }

  /** A change is being made: its owner has written, and the workflow goes on. */
  #accept(workflowId: string, workflow: Workflow, { fence }: StateGuard): void {
    if (fence !== undefined) workflow.fence = fence
    workflow.goneAtMs = null
    this.#workflows.set(workflowId, workflow)
  }

  #versionOf({ entries }: Workflow, key: string): number {
    const kept = entries.get(key)
    return kept !== undefined && this.#isThere(kept) ? kept.version : 0
  }

  #isThere({ text, expiresAtMs }: Kept): boolean {
    return text !== '' && (expiresAtMs === null || expiresAtMs > this.#clock.nowMs())
  }
}

function newWorkflow(): Workflow {
  return {
    entries: new Map(),
    revision: 0,
    fence: null,
    batches: new Map(),
    checkpoints: new Map(),
    goneAtMs: null,
  }
}

function refusalOf(workflow: Workflow, known: number, fence: Fence | undefined): Refusal | null {
  const { fence: seen, revision } = workflow
  if (fence !== undefined && seen !== null) {
    const isStale =
      fence.token < seen.token || (fence.token === seen.token && fence.holder !== seen.holder)
    if (isStale) return { kind: 'fenced', token: fence.token, seen: seen.token }
  }
  return revision < known ? { kind: 'behind', revision, known } : null
}

function repeatOf({ batches }: Workflow, batchId: string | null): StateReceipt | null {
  const known = batchId === null ? undefined : batches.get(batchId)
  return known === undefined ? null : { ...known, isRepeat: true }
}

/** Makes the writes and gives the last change of each key. */
function writeAll(
  entries: Map<string, Kept>,
  writes: readonly StateWrite[],
  atMs: number,
): readonly Kept[] {
  const changed = new Map<string, Kept>()
  for (const write of writes) {
    const { key, ttlMs } = write
    const version = (entries.get(key)?.version ?? 0) + 1
    const expiresAtMs = ttlMs === undefined ? null : atMs + ttlMs
    const kept = { key, version, atMs, expiresAtMs, text: storedText(write) }
    entries.set(key, kept)
    changed.set(key, kept)
  }
  return Array.from(changed.values())
}

function changedReceipt(
  workflow: Workflow,
  batchId: string | null,
  changed: readonly Kept[],
): StateReceipt {
  const versions = changed.map(({ key, version }) => ({ key, version }))
  const receipt = { revision: ++workflow.revision, versions, isRepeat: false }
  if (batchId === null) return receipt
  workflow.batches.set(batchId, receipt)
  for (const [oldest, { revision }] of workflow.batches) {
    if (revision > workflow.revision - limits.stateBatchesMax) break
    workflow.batches.delete(oldest)
  }
  return receipt
}

function entryOf(workflowId: string, kept: Kept): WorkflowStateEntry {
  const { key, version, atMs, expiresAtMs, text } = kept
  const [value, metadata] = JSON.parse(text) as [JsonValue, JsonObject]
  const ttlMs = expiresAtMs === null ? null : expiresAtMs - atMs
  return { workflowId, key, value, version, timestampMs: atMs, ttlMs, metadata }
}
