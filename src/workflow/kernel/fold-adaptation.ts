import { assertNever, invariant } from '../../core/assert.ts'
import { readapt } from './adaptation.ts'
import type { KernelEvent } from './events.ts'
import { awaitApproval } from './fold-policy.ts'
import { type ExecutionState, findStep } from './state.ts'

type AdaptationEvent = Extract<
  KernelEvent,
  { kind: 'ExecutionAdapted' | 'AdaptationReverted' | 'ApprovalAwaited' }
>

/** Takes in that an execution was adapted, that this was reverted, and that a step waits because of it. */
export function foldAdaptation(state: ExecutionState, event: AdaptationEvent, atMs: number): void {
  switch (event.kind) {
    case 'ExecutionAdapted':
      return foldAdapted(state, event, atMs)
    case 'AdaptationReverted':
      return foldReverted(state, event.id)
    case 'ApprovalAwaited': {
      const step = findStep(state, event.step)
      invariant(step !== undefined, `execution '${state.executionId}' has no step '${event.step}'`)
      step.gate = 'asked'
      return awaitApproval(state, step, { signal: event.signal, dueAtMs: null, atMs })
    }
    default:
      assertNever(event, 'event')
  }
}

function foldAdapted(
  state: ExecutionState,
  event: AdaptationEvent & { kind: 'ExecutionAdapted' },
  atMs: number,
): void {
  const { id, because, steps, pause = false, cause = null, tda = null } = event
  const { seq } = state
  const adaptation = { id, because, steps, pause, cause, tda, seq, atMs, isReverted: false }
  state.adaptations = [...state.adaptations, adaptation]
  if (pause) state.paused = true
  readaptAll(state, steps)
}

function foldReverted(state: ExecutionState, id: string): void {
  const found = state.adaptations.find((one) => one.id === id)
  invariant(found !== undefined, `execution '${state.executionId}' has no adaptation '${id}'`)
  state.adaptations = state.adaptations.map((one) =>
    one === found ? { ...one, isReverted: true } : one,
  )
  if (found.pause) state.paused = false
  readaptAll(state, found.steps)
}

function readaptAll(state: ExecutionState, steps: object): void {
  for (const id of Object.keys(steps)) {
    const step = findStep(state, id)
    if (step !== undefined) readapt(state, step)
  }
}
