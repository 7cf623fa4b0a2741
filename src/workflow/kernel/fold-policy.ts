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
  takeReady(state, step.plan.number)
  step.view.status = 'running'
  step.startedAtMs = atMs
  const ref = { step: event.step, index: null, undo: null }
  const call = createCall(state, step, { ref, call: {} })
  Object.assign(call, {
    isApproval: true,
    signal: approval.signal ?? `approve-${event.step}`,
    dueAtMs: event.dueAtMs ?? null,
    onDue: 'fail',
  })
  setStatus(state, call, 'waiting')
}

/** The wait is over: the step is decided as if it had become ready now. */
function foldApproved(state: ExecutionState, step: StepState): void {
  const [call] = step.calls
  invariant(call?.isApproval === true, `step '${step.plan.id}' waits for no approval`)
  setStatus(state, call, 'completed')
  state.counts.completed--
  step.calls = []
  step.view.status = 'pending'
  step.decidedSeq = 0
  state.ready.push(step.plan.number)
}
