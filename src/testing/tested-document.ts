import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isJsonObject } from '../core/json.ts'
import {
  documentError,
  readDocument,
  readDocumentData,
  stepsToDocument,
  type WorkflowData,
  type WorkflowDocument,
  type WorkflowStep,
} from '../workflow/index.ts'

/** A document to test: data, a list of steps, the text of a YAML or JSON document, or the URL of its file. */
export type TestedDocument = WorkflowData | readonly WorkflowStep[] | string | URL

/** @throws DocumentError with every problem in `details.problems` */
export function testedDocument(given: TestedDocument): WorkflowDocument {
  const { document, problems } = read(given)
  if (document === null) throw documentError(problems)
  return document
}

function read(given: TestedDocument): ReturnType<typeof readDocumentData> {
  if (given instanceof URL) {
    const file = fileURLToPath(given)
    return readDocument(readFileSync(file, 'utf8'), { file })
  }
  if (typeof given === 'string') return readDocument(given, { file: '(text)' })
  if (Array.isArray(given))
    return readDocumentData(stepsToDocument(given as readonly WorkflowStep[], { name: 'workflow' }))
  return readDocumentData(given)
}

/** Every agent and action that a document may call. */
export function calledAgents(
  document: WorkflowDocument,
): readonly { readonly agent: string; readonly action: string }[] {
  const called: { agent: string; action: string }[] = []
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit)
    if (!isJsonObject(value)) return
    const { agent, agents, action } = value
    for (const name of [agent, ...(Array.isArray(agents) ? (agents as readonly unknown[]) : [])]) {
      if (typeof name === 'string' && typeof action === 'string')
        called.push({ agent: name, action })
    }
  }
  for (const step of Object.values(document.steps)) {
    visit(step)
    visit('fallback' in step ? step.fallback : null)
    visit('compensate' in step ? step.compensate : null)
  }
  return called
}
