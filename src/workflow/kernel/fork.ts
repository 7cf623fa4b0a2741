import type { Adaptation } from './adaptation.ts'
import { changesOf } from './entries.ts'
import type { ForkedStep, KernelEvent } from './events.ts'
import type { ExecutionState, StateEntry } from './state.ts'

/** What a fork takes over from another execution. */
export interface ForkOrigin {
  readonly executionId: string
  readonly seq: number
  /** In the order in which they were settled. */
  readonly steps: readonly ForkedStep[]
  readonly entries: readonly StateEntry[]
  /** Adaptations in force there; none for another document. */
  readonly adaptations: readonly Adaptation[]
}

/** What a fork takes over from an execution that was folded up to a checkpoint: what was settled there, and its state. */
export function forkOriginOf(state: ExecutionState, entries: readonly StateEntry[]): ForkOrigin {
  const steps: ForkedStep[] = []
  const settled = state.steps
    .filter(({ settledSeq }) => settledSeq > 0)
    .toSorted((a, b) => a.settledSeq - b.settledSeq)
  for (const step of settled) {
    const { status, output, error } = step.view
    if (status !== 'completed' && status !== 'failed' && status !== 'skipped') continue
    steps.push({
      step: step.plan.id,
      status,
      output,
      error,
      attempts: step.attempts,
      startedAtMs: step.startedAtMs,
      endedAtMs: step.endedAtMs,
      ...(step.degraded === null ? {} : { degraded: step.degraded }),
    })
  }
  const adaptations = state.adaptations.filter(({ isReverted }) => !isReverted)
  return { executionId: state.executionId, seq: state.seq, steps, entries, adaptations }
}

/** The event with which a fork begins. */
export function forkedEvent(
  state: ExecutionState,
  { executionId, seq, steps, entries, adaptations }: ForkOrigin,
): KernelEvent {
  const writes = entries.map(({ key, value, metadata }) => ({ key, value, metadata }))
  const changes = changesOf(state, writes, 0).map((change, place) => {
    const expiresAtMs = entries[place]?.expiresAtMs ?? null
    return expiresAtMs === null ? change : { ...change, expiresAtMs }
  })
  const forked = { kind: 'ExecutionForked', executionId, seq, steps, changes } as const
  return adaptations.length === 0 ? forked : { ...forked, adaptations }
}
