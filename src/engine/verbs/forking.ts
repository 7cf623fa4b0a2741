import { OrchestrationError } from '../../core/errors.ts'
import type { forkOriginOf, Plan } from '../../workflow/index.ts'
import type { Definition } from '../definitions.ts'

/** The refusal of a fork under an id that is taken: a fork is no repeat of whatever has it. */
export function forkIdTaken(executionId: string): OrchestrationError {
  return new OrchestrationError('UsageError', `execution '${executionId}' exists`, {
    hint: 'use another id for the fork',
  })
}

type ForkedSteps = ReturnType<typeof forkOriginOf>['steps']

/** @throws RefusedError when the document does not have a settled step, or has one of another kind */
export function checkFits(
  steps: ForkedSteps,
  { from, to }: { readonly from: Plan; readonly to: Definition },
): void {
  const misfits = steps.flatMap(({ step }) => {
    const before = kindIn(from, step)
    const after = kindIn(to.plan, step)
    return before === after
      ? []
      : [`${step} (${before}) ${after === null ? 'is missing' : `is now ${after}`}`]
  })
  if (misfits.length === 0) return
  throw new OrchestrationError(
    'RefusedError',
    `document '${to.document.name}@${to.document.version}' does not fit what is settled: ${misfits.join(', ')}`,
    { hint: 'keep the ids and kinds of settled steps, or fork from an earlier checkpoint' },
  )
}

function kindIn(plan: Plan, stepId: string): string | null {
  const number = plan.stepIndex.get(stepId)
  return number === undefined ? null : (plan.steps[number]?.work.kind ?? null)
}
