import type { WorkflowDocument } from '../../workflow/index.ts'
import { orderOf } from '../progress/progress-model.ts'
import { targetText, workText } from '../progress/work-text.ts'

/** One step as a drawing shows it. */
export interface StepNode {
  readonly id: string
  readonly work: string
  /** What else matters for the order of things: its items, condition, compensation. */
  readonly notes: readonly string[]
  readonly needs: readonly string[]
}

/** The steps of a document, each after what it needs. */
export function stepNodes(document: WorkflowDocument): readonly StepNode[] {
  return orderOf(document).map((id) => {
    const step = document.steps[id]
    if (step === undefined) return { id, work: '', notes: [], needs: [] }
    const notes: string[] = []
    if (step.forEach !== null) notes.push(`for each of ${step.forEach}`)
    if (step.when !== null) notes.push(`when ${step.when}`)
    if (step.fallback.length > 0) {
      const others = step.fallback.map(targetText)
      notes.push(`else ${others.join(', ')}`)
    }
    if (step.compensate !== null)
      notes.push(`undone by ${step.compensate.agent}.${step.compensate.action}`)
    return { id, work: workText(step), notes, needs: step.needs }
  })
}
