import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { invariant } from '../core/assert.ts'
import { isJsonObject } from '../core/json.ts'
import type { JsonObject } from '../core/json.ts'
import { documentHash, readDocumentData, type WorkflowData } from '../workflow/index.ts'
import { readDocumentFile, refuseBroken } from './document-file.ts'

/**
 * A document file as the data that is written in it, for handing to an owner or an engine, which fill in
 * the defaults themselves.
 *
 * @throws DocumentError with all problems in its details
 */
export function readDocumentDataFile(file: string, cwd: string): WorkflowData {
  const path = resolve(cwd, file)
  const { document, problems } = readDocumentFile(file, path)
  refuseBroken(file, problems)
  invariant(document !== null, `${file} has no problem and no document`)
  const data = dataOf(readFileSync(path, 'utf8'))
  const again = readDocumentData(data).document
  // An execution is pinned by this hash: the owner must arrive at the same document.
  invariant(
    again !== null && documentHash(again) === documentHash(document),
    `${file} changed while it was read`,
  )
  return data as unknown as WorkflowData
}

/** The data of a text that was read as a document, whose aliases are few enough: YAML 1.2, core schema. */
function dataOf(text: string): JsonObject {
  const data: unknown = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
  }).toJS({ maxAliasCount: -1 })
  invariant(isJsonObject(data), 'a document is a map')
  return data
}
