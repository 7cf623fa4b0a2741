import { invariant } from '../../core/assert.ts'
import type { KernelEvent } from './events.ts'
import { createCall, setStatus, takeReady } from './fold-step.ts'
import { type ExecutionState, findStep, type StepState } from './state.ts'

type PolicyEvent = Extract<KernelEvent, { kind: 'PolicyDecided' | 'StepApproved' }>

/** Takes in what a policy decided, and what was approved. */
export function foldPolicy(state: ExecutionState, event: PolicyEvent, atMs: number): void {
  if (event.step === undefined) {
    if (event.kind === 'PolicyDecided') state.policy = event.decision
    return
  }
  const step = findStep(state, event.step)
  invariant(step !== undefined, `execution '${state.executionId}' has no step '${event.step}'`)
  if (event.kind === 'StepApproved') return foldApproved(state, step)
  step.policy = event.decision
  const { approval } = event.decision.values
  if (approval === undefined) return
  const { signal } = approval
  awaitApproval(state, step, {
    signal: signal ?? `approve-${event.step}`,
    dueAtMs: event.dueAtMs ?? null,
    atMs,
  })
}

interface AwaitedApproval {
  readonly signal: string
  /** Until when it is waited for; null for ever. */
  readonly dueAtMs: number | null
  readonly atMs: number
}

/** A step that is ready waits for a signal before it is begun. */
export function awaitApproval(
  state: ExecutionState,
  step: StepState,
  { signal, dueAtMs, atMs }: AwaitedApproval,
): void {
  takeReady(state, step.plan.number)
  step.view.status = 'running'
  step.startedAtMs = atMs
  const ref = { step: step.plan.id, index: null, undo: null }
  const call = createCall(state, step, { ref, call: {} })
  Object.assign(call, { isApproval: true, signal, dueAtMs, onDue: 'fail' })
  setStatus(state, call, 'waiting')
}

/** The wait is over: the step is decided as if it had become ready now. */
function foldApproved(state: ExecutionState, step: StepState): void {
  const [call] = step.calls
  invariant(call?.isApproval === true, `step '${step.plan.id}' waits for no approval`)
  setStatus(state, call, 'completed')
  state.counts.completed--
  step.calls = []
  if (step.gate === 'asked') step.gate = 'passed'
  step.view.status = 'pending'
  step.decidedSeq = 0
  state.ready.push(step.plan.number)
}
