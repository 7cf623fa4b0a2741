import type { JsonObject, JsonValue } from '../json.ts'

/** One entry of an execution's state. Its version starts at 1 and rises by every write, also by those of a rollback. */
export interface WorkflowStateEntry {
  /** The execution whose state this is. */
  readonly workflowId: string
  readonly key: string
  readonly value: JsonValue
  readonly version: number
  /** When it was written. */
  readonly timestampMs: number
  /** How long after `timestampMs` the entry is there; null for ever. */
  readonly ttlMs: number | null
  readonly metadata: JsonObject
}

/** One change of an execution's state; without `value` the entry is deleted. */
export interface StateWrite {
  readonly key: string
  readonly value?: JsonValue
  /** Refused unless the entry has this version; 0: unless there is none. Absent: any. */
  readonly expectedVersion?: number
  /** How long the entry is there; absent: for ever. */
  readonly ttlMs?: number
  readonly metadata?: JsonObject
}

/** The execution's state as one call sees it. */
export interface StateAccess {
  /** The value under a key, with this call's own writes; null when there is none. */
  get(key: string): Promise<JsonValue>
  /** Value and recorded version (0 for one that only this call has written); null when there is none. */
  entry(key: string): Promise<{ readonly value: JsonValue; readonly version: number } | null>
  /** Writes when the call completes; a failed attempt writes nothing. A stale `expectedVersion` fails the attempt. */
  set(key: string, value: unknown, options?: Omit<StateWrite, 'key' | 'value'>): void
  /**
   * Changes the value when the call completes: `change` is given the value of that moment (null when there is
   * none), so concurrent calls lose no update. It must be quick and may not wait. On Temporal it is given the
   * value of when the attempt began; a write of another call since then fails the attempt.
   */
  update(key: string, change: (value: JsonValue) => unknown): void
  delete(key: string, options?: Pick<StateWrite, 'expectedVersion'>): void
}
