import type { WorkflowDocument } from '../../workflow/index.ts'

/** Whether the TDA context is of use to a document: it decides by it, or tells of what it undoes. */
export function readsTda({ steps, output, timeout, onFailure }: WorkflowDocument): boolean {
  return onFailure === 'compensate' || namesTda([steps, output, timeout])
}

/** Whether an expression in it names the TDA context. */
export function namesTda(value: unknown): boolean {
  return /\btda\s*[.[?]/.test(JSON.stringify(value))
}
