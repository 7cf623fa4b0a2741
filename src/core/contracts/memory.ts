import type { JsonObject, JsonValue } from '../json.ts'

/** What an agent remembers under one key. */
export interface MemoryEntry {
  readonly namespace: string
  readonly key: string
  readonly value: JsonValue
  /** What recall compares; null for an entry that recall leaves out. */
  readonly text: string | null
  readonly metadata: JsonObject
  /** When the key was first written since it was last absent, and when last; 0 for what only this call has written. */
  readonly createdAtMs: number
  readonly writtenAtMs: number
  /** Null for never. */
  readonly expiresAtMs: number | null
}

/** An entry that was recalled. */
export interface RecalledEntry extends MemoryEntry {
  /** How alike the texts are: the cosine of their embeddings, at most 1. */
  readonly score: number
}

/** One change of an agent's memory; without `entry` the key is forgotten. */
export interface MemoryWrite {
  readonly namespace: string
  readonly key: string
  readonly entry?: {
    readonly value: JsonValue
    readonly text: string | null
    readonly metadata: JsonObject
    /** Absent: for ever. */
    readonly ttlMs?: number
  }
}

/** What a call has written into its agent's memory: all of it is recorded, or nothing. */
export interface MemoryChange {
  /** Id of the agent. */
  readonly owner: string
  /** Of each namespace; over them the entries that were written longest ago are forgotten. */
  readonly entriesMax: number
  readonly bytesMax: number
  readonly writes: readonly MemoryWrite[]
}

/**
 * What metadata must be: each field equal to a value, or within bounds: `{ year: { $gte: 2020 } }`. Numbers
 * and texts have an order; a field that is missing equals nothing and is in no bounds.
 */
export interface MemoryFilter {
  readonly [field: string]:
    | JsonValue
    | {
        readonly $eq?: JsonValue
        readonly $ne?: JsonValue
        readonly $gt?: number | string
        readonly $gte?: number | string
        readonly $lt?: number | string
        readonly $lte?: number | string
      }
}

/** The notes that all calls of an execution share; see `MemoryAccess.working`. */
export interface WorkingMemory {
  /** The value with this call's own writes; null when there is none. */
  get(key: string): Promise<JsonValue>
  set(key: string, value: unknown, options?: { readonly ttlMs?: number }): void
  /** `change` is given the value of the moment in which the call completes; null when there is none. */
  update(key: string, change: (value: JsonValue) => unknown): void
  delete(key: string): void
}

/**
 * What an agent remembers. Writes are recorded together with the call's output, all or nothing: a failed
 * attempt has written nothing, a repeat writes nothing twice. A call reads its own writes.
 */
export interface MemoryAccess {
  /**
   * Notes of the execution, gone with it: the entries `memory.<key>` of its state, so that they survive
   * crashes, are rolled back and forked with it.
   */
  readonly working: WorkingMemory
  /**
   * Remembers a value from execution to execution; one under the same key is replaced.
   *
   * @param options `namespace` default `default`; `text`, what recall compares, default the value (a text as
   *   it is, else its JSON), null leaves it out of recall; `metadata` to filter by; `ttlMs` default that of
   *   `memoryConfig`
   * @throws InputError; ResourceExhaustionError over `entryBytesMax`, or when the namespace is full and
   *   `eviction` is `refuse`
   */
  put(
    key: string,
    value: unknown,
    options?: {
      readonly namespace?: string
      readonly text?: string | null
      readonly metadata?: JsonObject
      readonly ttlMs?: number
    },
  ): void
  /** Null when there is none. */
  get(key: string, options?: { readonly namespace?: string }): Promise<MemoryEntry | null>
  /** Forgets a key; one that is not there too. */
  delete(key: string, options?: { readonly namespace?: string }): void
  /**
   * The entries whose texts are most like `text`, the most alike first.
   *
   * @param options `limit` and `scoreMin` default those of `memoryConfig`
   * @throws RefusedError where there is no embedder; InputError
   */
  recall(
    text: string,
    options?: {
      readonly namespace?: string
      readonly where?: MemoryFilter
      readonly limit?: number
      readonly scoreMin?: number
    },
  ): Promise<readonly RecalledEntry[]>
  /** The newest first; `limit` at most 1,000, default 100. */
  list(options?: {
    readonly namespace?: string
    readonly where?: MemoryFilter
    readonly limit?: number
  }): Promise<readonly MemoryEntry[]>
  /** Namespaces in which something is remembered, by name. */
  namespaces(): Promise<readonly string[]>
}
