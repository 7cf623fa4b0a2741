import type { WorkflowStateEntry } from '../core/contracts/state.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { ProgressView } from './workflow-engine.ts'

export type { WorkflowStateEntry } from '../core/contracts/state.ts'

export interface StateWriteOptions {
  /** Refuses the write unless the entry has this version; 0: unless there is none. Default: any. */
  readonly expectedVersion?: number
  /** The entry is gone so long after the write. Default: it stays. */
  readonly ttlMs?: number
  /** Default `{}`. */
  readonly metadata?: JsonObject
}

export interface RollbackOptions {
  /** Goes back although effects remain that nothing undoes; recorded. Default false. */
  readonly acceptEffects?: boolean
}

/**
 * The state that the steps of one execution share. Every write is one event of the execution's journal,
 * durable when its promise resolves: nobody sees half of it, and concurrent writers lose no update that
 * names its `expectedVersion`. Every method rejects with NotFoundError for an unknown execution id.
 */
export interface WorkflowState {
  /** The value under a key; null when there is none. */
  getState(executionId: string, key: string): Promise<JsonValue>
  /** As `getState`, with version and metadata; null when there is none. */
  getStateEntry(executionId: string, key: string): Promise<WorkflowStateEntry | null>
  /** All entries, by key. */
  listState(executionId: string): Promise<readonly WorkflowStateEntry[]>
  /**
   * @throws StateConsistencyError when the entry has another version; RefusedError when the execution has
   *   ended; InputError for a key or value that cannot be kept; ResourceExhaustionError over `stateKeysMax`
   */
  setState(
    executionId: string,
    key: string,
    value: JsonValue,
    options?: StateWriteOptions,
  ): Promise<true>
  /** False when there was none. @throws as `setState` */
  deleteState(
    executionId: string,
    key: string,
    options?: Pick<StateWriteOptions, 'expectedVersion'>,
  ): Promise<boolean>
  /** Takes a checkpoint and gives its id. @throws RefusedError when the execution has ended */
  createCheckpoint(executionId: string, label?: string): Promise<string>
  /** As `WorkflowEngine.rollback`. */
  rollbackToCheckpoint(
    executionId: string,
    checkpoint: string,
    options?: RollbackOptions,
  ): Promise<boolean>
  getWorkflowProgress(executionId: string): Promise<ProgressView>
}
