import type { ExecutionState } from './state.ts'
import { record, type Turn } from './turn.ts'

/** A position in the journal to go back to. */
export interface Checkpoint {
  readonly checkpointId: string
  /** The event after which the position is. */
  readonly seq: number
  readonly stepId: string | null
  readonly label: string | null
  readonly reason: 'start' | 'completion' | 'verb' | 'anomaly'
  readonly atMs: number
}

/** Every checkpoint in the order of the journal; completions of steps that were decided anew are gone. */
export function checkpointsOf(state: ExecutionState): readonly Checkpoint[] {
  const { executionId } = state
  const found: Checkpoint[] = state.checkpoints.map(({ seq, label, reason, atMs }) => ({
    checkpointId: takenId(executionId, seq),
    seq,
    stepId: null,
    label,
    reason,
    atMs,
  }))
  for (const { plan, view, settledSeq, endedAtMs } of state.steps) {
    if (view.status !== 'completed' || settledSeq === 0 || endedAtMs === null) continue
    found.push({
      checkpointId: `${executionId}/${plan.id}`,
      seq: settledSeq,
      stepId: plan.id,
      label: plan.checkpoint,
      reason: 'completion',
      atMs: endedAtMs,
    })
  }
  return found.toSorted((a, b) => a.seq - b.seq)
}

/**
 * The checkpoint that a verb names: an id, `start`, `lastCheckpoint`, `lastHealthy`, a label (its newest) or
 * a step id.
 *
 * @param anomalyAtMs when the anomaly in force began; null when none is
 * @returns undefined when there is none of that name; null for `lastHealthy` without an anomaly
 */
export function findCheckpoint(
  state: ExecutionState,
  name: string,
  anomalyAtMs: number | null,
): Checkpoint | null | undefined {
  if (name === 'start') return start(state)
  const all = checkpointsOf(state)
  if (name === 'lastCheckpoint') {
    return (
      all.findLast(({ label, reason }) => label !== null || reason !== 'completion') ?? start(state)
    )
  }
  if (name === 'lastHealthy') {
    if (anomalyAtMs === null) return null
    return all.findLast(({ atMs }) => atMs < anomalyAtMs) ?? start(state)
  }
  return (
    all.find(({ checkpointId }) => checkpointId === name) ??
    all.findLast(({ label }) => label === name) ??
    all.find(({ stepId }) => stepId === name)
  )
}

/** Takes a checkpoint at the present position. */
export function takeCheckpoint(turn: Turn, reason: 'verb' | 'anomaly', label: string | null): void {
  observeTda(turn)
  record(
    turn,
    label === null
      ? { kind: 'CheckpointTaken', reason }
      : { kind: 'CheckpointTaken', reason, label },
  )
}

/** Records what the TDA feed says, where that is something else than what was recorded last. */
export function observeTda(turn: Turn): void {
  const { state, moment } = turn
  const { tda } = moment
  if (!tda.available) return
  const known = state.tda
  const isKnown =
    known !== null &&
    known['windowId'] === tda.windowId &&
    known['anomalySeverity'] === tda.anomalySeverity &&
    (known['anomalies'] as readonly unknown[]).length === tda.anomalies.length
  if (!isKnown) record(turn, { kind: 'TdaObserved', context: { ...tda } })
}

/** The feed says something new: it is recorded, and an anomaly that is severe enough takes a checkpoint, once per window. */
export function tdaChanged(turn: Turn): void {
  const { state, moment } = turn
  const before = state.tda
  observeTda(turn)
  const { checkpointSeverity } = state.plan
  const { tda } = moment
  if (state.tda === before || checkpointSeverity === null || state.phase !== 'forward') return
  if (tda.anomalies.length === 0 || tda.anomalySeverity < checkpointSeverity) return
  const isSameWindow = before !== null && before['windowId'] === tda.windowId
  const wasSevere = isSameWindow && Number(before['anomalySeverity']) >= checkpointSeverity
  if (!wasSevere) takeCheckpoint(turn, 'anomaly', null)
}

/** The execution has begun, and nothing is decided. */
const startSeq = 1

function start(state: ExecutionState): Checkpoint {
  return {
    checkpointId: takenId(state.executionId, startSeq),
    seq: startSeq,
    stepId: null,
    label: null,
    reason: 'start',
    atMs: state.startedAtMs,
  }
}

function takenId(executionId: string, seq: number): string {
  return `${executionId}/@${seq}`
}
