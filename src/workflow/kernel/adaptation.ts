import type { PatternName, PatternSpec } from '../../core/contracts/pattern.ts'
import type { JsonObject } from '../../core/json.ts'
import type { PlanStep } from '../plan/plan.ts'
import { patternTarget } from '../plan/compile-plan.ts'
import type { ExecutionState, StepState } from './state.ts'

/** What is to be changed in a running execution; each key within the bounds of its document's `adaptation`. */
export interface AdaptationChange {
  /** The step it concerns. Default for `pattern` and `maxParallel`: every step that they fit; `agent` and `approval` need it. */
  readonly step?: string
  /** How the agents of a step with a pattern work together. */
  readonly pattern?: PatternName
  /** Options of that pattern. Default those of a step that says none; a deadline is kept. */
  readonly options?: JsonObject
  /** Items of a `forEach` that run at the same time, also of one that runs. */
  readonly maxParallel?: number
  /** Who does the work of a step with one agent. */
  readonly agent?: string
  /** A signal that is awaited before the step is begun; its data `{ approved: false }` fails the step. True: `approve-<step>`. */
  readonly approval?: true | string
  /** Pauses the execution. */
  readonly pause?: true
}

/** What adaptations make of one step. */
export interface StepChange {
  readonly spec?: PatternSpec
  readonly maxParallel?: number
  readonly agent?: string
  /** The signal that approves it. */
  readonly approval?: string
}

export interface StepChanges {
  readonly [stepId: string]: StepChange
}

/** An adaptation as it is kept. */
export interface Adaptation {
  readonly id: string
  readonly because: string
  readonly steps: StepChanges
  readonly pause: boolean
  readonly cause: JsonObject | null
  readonly tda: JsonObject | null
  /** The event that says it. */
  readonly seq: number
  readonly atMs: number
  readonly isReverted: boolean
}

/** An adaptation that was checked and is to be made. */
export interface AdaptationOrder {
  readonly id: string
  readonly because: string
  readonly steps: StepChanges
  readonly pause: boolean
  readonly cause: JsonObject | null
  readonly flags: { readonly [flag: string]: boolean } | null
}

/** Whether an approval can still be asked of a step: it is not begun, though a redrive may be about to begin it anew. */
export function isUndecided({ decidedSeq, calls: [call] }: StepState): boolean {
  return decidedSeq === 0 || (call?.isApproval === true && call.status === 'waiting')
}

/**
 * Whether a step can still be adapted in whole: nobody was called for it in this run. One that a redrive decides
 * anew is called under the keys that it had, which mean the same agents as before.
 */
export function isUnbegun(step: StepState): boolean {
  return step.calledRun !== step.run && isUndecided(step)
}

/**
 * Makes a step what the adaptations in force say; of one that was called only whether it needs an approval, until
 * it is begun, and how many items run at a time.
 */
export function readapt(state: ExecutionState, step: StepState): void {
  const inForce: StepChange[] = []
  for (const { isReverted, steps } of state.adaptations) {
    const change = steps[step.plan.id]
    if (!isReverted && change !== undefined) inForce.push(change)
  }
  const changes: StepChange = Object.assign({}, ...inForce)
  const adapted = isUnbegun(step) ? changes : adaptedFurther(step, changes)
  step.adapted = Object.keys(adapted).length === 0 ? null : adapted
  step.plan = adaptedPlan(state.plan.steps[step.plan.number] as PlanStep, step.adapted)
}

function adaptedFurther(step: StepState, { maxParallel, approval }: StepChange): StepChange {
  const { maxParallel: _parallel, approval: earlier, ...kept } = step.adapted ?? {}
  const asked = isUndecided(step) ? approval : earlier
  return {
    ...kept,
    ...(maxParallel === undefined ? {} : { maxParallel }),
    ...(asked === undefined ? {} : { approval: asked }),
  }
}

/** A step as the document says it, with what adaptations have changed. */
export function adaptedPlan(plan: PlanStep, change: StepChange | null): PlanStep {
  if (change === null) return plan
  const { spec, agent, maxParallel = plan.maxParallel } = change
  const { work } = plan
  if (spec !== undefined) return { ...plan, maxParallel, work: patternTarget(spec) }
  if (agent === undefined || work.kind !== 'agent') return { ...plan, maxParallel }
  return { ...plan, maxParallel, work: { ...work, agent } }
}
