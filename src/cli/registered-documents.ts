import type { WorkflowDocument } from '../workflow/index.ts'
import { openJournal } from './journal-file.ts'

/** Every document that the file knows, or those of one name, in the order of their registration. */
export function registeredDocuments(path: string, name?: string): readonly WorkflowDocument[] {
  using file = openJournal(path)
  const { journal } = file
  return journal
    .workflows()
    .filter((row) => name === undefined || row.name === name)
    .toSorted((a, b) => a.registeredAtMs - b.registeredAtMs)
    .flatMap(({ documentHash }) => {
      const text = journal.document(documentHash)
      return text === undefined ? [] : [JSON.parse(text) as WorkflowDocument]
    })
}
