import type { JsonObject } from '../../core/json.ts'
import type { TdaContext } from '../../core/contracts/tda.ts'
import type { AdaptationOrder } from './adaptation.ts'
import { steerChildren } from './children.ts'
import { startCall, startItems } from './items.ts'
import { startHeld } from './pausing.ts'
import { findStep, type StepState } from './state.ts'
import { record, type Turn } from './turn.ts'

/** Adapts the execution, once per id. */
export function adapt(turn: Turn, order: AdaptationOrder): void {
  const { state, moment } = turn
  const { id, because, steps, pause, cause, flags } = order
  if (state.phase !== 'forward' || state.adaptations.some((one) => one.id === id)) return
  record(turn, {
    kind: 'ExecutionAdapted',
    id,
    because,
    steps,
    ...(pause ? { pause } : {}),
    ...(cause === null ? {} : { cause }),
    ...(moment.tda.available ? { tda: briefly(moment.tda) } : {}),
    ...(flags === null ? {} : { flags }),
  })
  if (pause) steerChildren(turn, 'pause')
  startFurther(turn, steps)
}

/** Takes an adaptation back for the steps that have not started; one that paused the execution lets it go on. */
export function revertAdaptation(turn: Turn, id: string, because: string): void {
  const { state } = turn
  const found = state.adaptations.find((one) => one.id === id)
  if (found === undefined || found.isReverted || state.phase !== 'forward') return
  const wasPaused = state.paused
  record(turn, { kind: 'AdaptationReverted', id, because })
  for (const stepId of Object.keys(found.steps)) waive(turn, findStep(state, stepId))
  if (wasPaused && !state.paused) return startHeld(turn)
  startFurther(turn, found.steps)
}

/**
 * Asks for the approval that an adaptation has added to a step.
 *
 * @returns false when the step is to wait for it
 */
export function askForApproval(turn: Turn, { plan, adapted, gate }: StepState): boolean {
  const signal = adapted?.approval
  if (signal === undefined || gate === 'passed') return true
  record(turn, { kind: 'ApprovalAwaited', step: plan.id, signal })
  startCall(turn, { step: plan.id, index: null, undo: null })
  return false
}

/** A step that waits for an approval which nothing asks for any more is begun. */
function waive(turn: Turn, step: StepState | undefined): void {
  if (step?.gate !== 'asked' || step.adapted?.approval !== undefined) return
  if (step.calls[0]?.status === 'waiting')
    record(turn, { kind: 'StepApproved', step: step.plan.id })
}

/** More items may run at a time than before. */
function startFurther(turn: Turn, steps: object): void {
  for (const id of Object.keys(steps)) {
    const step = findStep(turn.state, id)
    if (step?.view.status === 'running') startItems(turn, step)
  }
}

function briefly({
  correlationId,
  windowId,
  anomalySeverity,
  patternConfidence,
}: TdaContext): JsonObject {
  return { correlationId, windowId, anomalySeverity, patternConfidence }
}
