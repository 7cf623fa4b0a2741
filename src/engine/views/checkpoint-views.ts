import type { JsonObject, JsonValue } from '../../core/json.ts'
import { tdaStateKey } from '../../core/state-key.ts'
import {
  type Checkpoint,
  checkpointsOf,
  type ExecutionState,
  type KernelEvent,
} from '../../workflow/index.ts'
import type { CheckpointView, LogEntry } from '../workflow-engine.ts'

/** Values that the snapshots of one view hold at most: an execution with many steps and much state has more. */
const valuesMax = 10_000

/** Every checkpoint of an execution with the state that it had there, folded from its events. */
export function checkpointViews(
  state: ExecutionState,
  entries: readonly LogEntry[],
): readonly CheckpointView[] {
  const entriesThen = new StateThen()
  let values = 0
  let next = 0
  return checkpointsOf(state).map((checkpoint) => {
    for (let entry = entries[next]; entry !== undefined; entry = entries[next]) {
      if (entry.seq > checkpoint.seq) break
      entriesThen.take(entry.event)
      next++
    }
    const snapshot = entriesThen.at(checkpoint.atMs)
    values += Object.keys(snapshot).length
    return checkpointView(state.executionId, checkpoint, values > valuesMax ? null : snapshot)
  })
}

/** A checkpoint as it is shown. */
export function checkpointView(
  workflowId: string,
  checkpoint: Checkpoint,
  stateSnapshot: JsonObject | null,
): CheckpointView {
  const { checkpointId, stepId, label, reason, atMs } = checkpoint
  return {
    checkpointId,
    workflowId,
    stepId,
    label,
    reason,
    atMs,
    timestampMs: atMs,
    stateSnapshot,
    metadata: { label, reason },
  }
}

type Change = (KernelEvent & { kind: 'StateChanged' })['changes'][number]

/** The state of an execution while its events are gone through. */
class StateThen {
  readonly #entries = new Map<string, { readonly value: JsonValue; readonly expiresAtMs: number }>()

  take(event: KernelEvent): void {
    if (event.kind === 'TdaObserved') {
      this.#entries.set(tdaStateKey, { value: event.context, expiresAtMs: Infinity })
    } else if (
      event.kind === 'StateChanged' ||
      event.kind === 'RolledBack' ||
      event.kind === 'ExecutionForked'
    ) {
      for (const change of event.changes) this.#change(change)
    }
  }

  at(atMs: number): JsonObject {
    const there = [...this.#entries].filter(([, { expiresAtMs }]) => expiresAtMs > atMs)
    return Object.fromEntries(there.map(([key, { value }]) => [key, value]))
  }

  #change({ key, value, expiresAtMs = Infinity }: Change): void {
    if (value === undefined) this.#entries.delete(key)
    else this.#entries.set(key, { value: value[0], expiresAtMs })
  }
}
