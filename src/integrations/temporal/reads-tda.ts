import type { WorkflowDocument } from '../../workflow/index.ts'

/** Whether the TDA context is of use to a document: it decides by it, or tells of what it undoes. */
export function readsTda({ steps, output, timeout, onFailure }: WorkflowDocument): boolean {
  return (
    onFailure === 'compensate' || /\btda\s*[.[?]/.test(JSON.stringify([steps, output, timeout]))
  )
}
