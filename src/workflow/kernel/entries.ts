import type { StateWrite } from '../../core/contracts/state.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { StateChange } from './events.ts'
import type { ExecutionState, StateEntry } from './state.ts'

const noEntries: ReadonlyMap<string, StateEntry> = new Map()

/** The entry under a key at that time; undefined when there is none, or none any more. */
export function entryAt(state: ExecutionState, key: string, atMs: number): StateEntry | undefined {
  const entry = state.entries?.get(key)
  return entry !== undefined && isThere(entry, atMs) ? entry : undefined
}

/** Every entry that is there at that time, by key. */
export function entriesAt(state: ExecutionState, atMs: number): readonly StateEntry[] {
  return Array.from((state.entries ?? noEntries).values())
    .filter((entry) => isThere(entry, atMs))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

/** What expressions see as `state`. */
export function stateView(state: ExecutionState, atMs: number): JsonObject {
  const view: Record<string, JsonValue> = Object.create(null) as Record<string, JsonValue>
  for (const entry of (state.entries ?? noEntries).values()) {
    if (isThere(entry, atMs)) view[entry.key] = entry.value
  }
  return view
}

/** The first write whose `expectedVersion` is not the entry's version; undefined when all may be made. */
export function conflictOf(
  state: ExecutionState,
  writes: readonly StateWrite[],
  atMs: number,
): { readonly write: StateWrite; readonly version: number } | undefined {
  for (const write of writes) {
    if (write.expectedVersion === undefined) continue
    const version = entryAt(state, write.key, atMs)?.version ?? 0
    if (version !== write.expectedVersion) return { write, version }
  }
  return undefined
}

/** The changes that writes make, with the versions that the entries then have. */
export function changesOf(
  state: ExecutionState,
  writes: readonly StateWrite[],
  atMs: number,
): readonly StateChange[] {
  const versions = new Map<string, number>()
  return writes.map(({ key, value, ttlMs, metadata }) => {
    const version = (versions.get(key) ?? state.entries?.get(key)?.version ?? 0) + 1
    versions.set(key, version)
    if (value === undefined) return { key, version }
    return {
      key,
      version,
      value: [value],
      ...(ttlMs === undefined ? {} : { expiresAtMs: atMs + ttlMs }),
      ...(metadata === undefined ? {} : { metadata }),
    }
  })
}

/** The changes that make the state what it was, as new and higher versions. */
export function restoringChanges(
  state: ExecutionState,
  before: readonly StateEntry[],
): readonly StateChange[] {
  const changes: StateChange[] = []
  const kept = new Map(before.map((entry) => [entry.key, entry]))
  for (const entry of (state.entries ?? noEntries).values()) {
    if (!entry.isDeleted && !kept.has(entry.key))
      changes.push({ key: entry.key, version: entry.version + 1 })
  }
  for (const { key, value, version, expiresAtMs, metadata } of before) {
    const now = state.entries?.get(key)
    if (now?.version === version && !now.isDeleted) continue
    changes.push({
      key,
      version: (now?.version ?? 0) + 1,
      value: [value],
      ...(expiresAtMs === null ? {} : { expiresAtMs }),
      ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    })
  }
  return changes
}

/** Takes recorded changes into the state. */
export function foldChanges(
  state: ExecutionState,
  changes: readonly StateChange[],
  atMs: number,
): void {
  state.entries ??= new Map()
  for (const { key, version, value, expiresAtMs, metadata } of changes) {
    state.entries.set(key, {
      key,
      value: value === undefined ? null : value[0],
      version,
      atMs,
      expiresAtMs: expiresAtMs ?? null,
      metadata: metadata ?? {},
      isDeleted: value === undefined,
    })
  }
}

// A deleted entry stays, so that its version goes on when the key is written again.
function isThere(entry: StateEntry, atMs: number): boolean {
  return !entry.isDeleted && (entry.expiresAtMs === null || entry.expiresAtMs > atMs)
}
