import { parseDocument } from 'yaml'
import { invariant } from '../core/assert.ts'
import { isJsonObject, type JsonObject } from '../core/json.ts'
import {
  documentError,
  documentHash,
  type Problem,
  readDocument,
  readDocumentData,
} from '../workflow/index.ts'

/**
 * The data of a workflow document in YAML, and its warnings.
 *
 * @throws DocumentError with all problems, each with its line
 */
export function readYamlDocument(text: string): {
  readonly data: JsonObject
  readonly problems: readonly Problem[]
} {
  const { document, problems } = readDocument(text, { file: 'body' })
  if (document === null) throw documentError(problems)
  // Its aliases were counted above.
  const yaml = parseDocument(text, { version: '1.2', schema: 'core', resolveKnownTags: false })
  const data: unknown = yaml.toJS({ maxAliasCount: -1 })
  invariant(isJsonObject(data), 'a document is a map')
  const again = readDocumentData(data).document
  // What is registered must be what was checked.
  invariant(
    again !== null && documentHash(again) === documentHash(document),
    'a document is read in one way only',
  )
  return { data, problems }
}
