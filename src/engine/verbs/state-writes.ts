import type { StateWrite } from '../../core/contracts/state.ts'
import {
  OrchestrationError,
  ResourceExhaustionError,
  StateConsistencyError,
} from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import {
  conflictOf,
  entriesAt,
  entryAt,
  type ExecutionState,
  type StateEntry,
  type Stimulus,
} from '../../workflow/index.ts'
import type { WorkflowStateEntry } from '../workflow-state.ts'

/** @throws StateConsistencyError for another version; ResourceExhaustionError over `stateKeysMax` */
export function writing(
  state: ExecutionState,
  write: StateWrite,
  nowMs: number,
): readonly Stimulus[] {
  checkVersion(state, write, nowMs)
  checkCount(state, write.key, nowMs)
  return [{ kind: 'writeState', writes: [write] }]
}

/** Nothing where there is no such entry. @throws StateConsistencyError for another version */
export function deleting(
  state: ExecutionState,
  write: StateWrite,
  nowMs: number,
): readonly Stimulus[] {
  checkVersion(state, write, nowMs)
  const isThere = entryAt(state, write.key, nowMs) !== undefined
  return isThere ? [{ kind: 'writeState', writes: [write] }] : []
}

/** The refusal of a write to an execution that has ended. */
export function writtenNoMore(executionId: string): OrchestrationError {
  return new OrchestrationError(
    'RefusedError',
    `execution '${executionId}' has ended: its state is not written any more`,
    { hint: 'aura fork starts a new execution with this state' },
  )
}

/** An entry as whoever asks for it sees it. */
export function stateEntryView(executionId: string, entry: StateEntry): WorkflowStateEntry {
  const { key, value, version, atMs, expiresAtMs, metadata } = entry
  return {
    workflowId: executionId,
    key,
    value: structuredClone<JsonValue>(value),
    version,
    timestampMs: atMs,
    ttlMs: expiresAtMs === null ? null : expiresAtMs - atMs,
    metadata: structuredClone<JsonObject>(metadata),
  }
}

function checkVersion(state: ExecutionState, write: StateWrite, nowMs: number): void {
  const conflict = conflictOf(state, [write], nowMs)
  if (conflict === undefined) return
  throw new StateConsistencyError(
    `state '${write.key}' of '${state.executionId}' has version ${conflict.version}, not ${write.expectedVersion}`,
    {
      hint: 'read it again and repeat the change',
      details: {
        key: write.key,
        version: conflict.version,
        expectedVersion: write.expectedVersion ?? null,
      },
    },
  )
}

function checkCount(state: ExecutionState, key: string, nowMs: number): void {
  const { entries, executionId } = state
  if (entries === null || entries.size < limits.stateKeysMax) return
  if (entryAt(state, key, nowMs) !== undefined) return
  const count = entriesAt(state, nowMs).length
  if (count < limits.stateKeysMax) return
  throw new ResourceExhaustionError(
    `execution '${executionId}' keeps ${count} keys of state; stateKeysMax is ${limits.stateKeysMax}`,
    { hint: 'put several values under one key' },
  )
}
