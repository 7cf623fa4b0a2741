import { OrchestrationError } from '../../core/errors.ts'
import type { AdaptationChange } from './adaptation.ts'
import { planAdaptation } from './plan-adaptation.ts'
import type { ExecutionState } from './state.ts'
import type { Stimulus } from './stimulus.ts'

/**
 * Some adaptation of an execution, within what the sample plans declare, or one taken back; for the tests of
 * this room.
 *
 * @returns undefined where the one that was picked cannot be made now
 */
export function sampleAdaptation(
  state: ExecutionState,
  pick: number,
  choice: number,
): Stimulus | undefined {
  const made = state.adaptations[choice % Math.max(1, state.adaptations.length)]
  if (made !== undefined && pick % 3 === 0)
    return { kind: 'revertAdaptation', id: made.id, because: 'over' }
  const step = state.steps[pick % state.steps.length]?.plan.id ?? ''
  const changes: readonly AdaptationChange[] = [
    { step, agent: 'b' },
    { step, approval: choice % 2 === 0 ? true : 'go' },
    { maxParallel: 1 + (choice % 3) },
    { step, pattern: choice % 2 === 0 ? 'fanOut' : 'pipeline' },
    { pattern: 'pipeline', maxParallel: 4 },
    { step, approval: 'on', ...(choice % 5 === 0 ? { pause: true } : {}) },
  ]
  try {
    const planned = planAdaptation(state, changes[choice % changes.length] ?? {})
    const id = `a${choice % 20}`
    const cause = choice % 2 === 0 ? null : { event: 'e' }
    const flags = choice % 3 === 0 ? { on: true } : null
    return { kind: 'adapt', order: { id, because: 'test', cause, flags, ...planned } }
  } catch (thrown) {
    if (thrown instanceof OrchestrationError) return undefined
    throw thrown
  }
}
