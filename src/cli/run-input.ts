import { dirname, resolve } from 'node:path'
import { OrchestrationError } from '../core/errors.ts'
import { isJsonObject } from '../core/json.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import {
  coerceInputText,
  compileInput,
  mapFilePaths,
  type WorkflowDocument,
} from '../workflow/index.ts'
import { readJsonFile, splitPair } from './option-values.ts'

/** What the user said about the input. */
export interface InputArguments {
  /** `key=value`, in the order of the command line; later ones win, also over the file. */
  readonly pairs: readonly string[]
  readonly file: string | undefined
}

/**
 * The whole input of an execution: the file's object, the pairs over it, the schema's defaults under
 * both. File paths become absolute: given ones start from `cwd`, defaults from the document's folder.
 *
 * @throws UsageError, InputError with every problem in its details
 */
export function readInput(
  document: WorkflowDocument,
  given: InputArguments,
  at: { readonly cwd: string; readonly documentPath: string },
): JsonObject {
  const schema = document.input
  const fromFile =
    given.file === undefined ? {} : readJsonFile('--input-file', resolve(at.cwd, given.file))
  const fromPairs = given.pairs.map((pair): [string, JsonValue] => {
    const [key, text] = splitPair('--input', pair)
    return [key, coerceInputText(schema, key, text)]
  })
  const asGiven = mapFilePaths(schema, { ...fromFile, ...Object.fromEntries(fromPairs) }, (path) =>
    absolute(at.cwd, path),
  )
  // After the first pass only defaults can still be relative.
  const { value, problems } = compileInput(schema)(asGiven)
  if (problems.length > 0) throw refused(document, problems)
  const complete = mapFilePaths(schema, value, (path) => absolute(dirname(at.documentPath), path))
  if (isJsonObject(complete)) return complete
  throw new OrchestrationError('InputError', `the input of '${document.name}' must be an object`)
}

function absolute(folder: string, path: string): string {
  return path === '' ? path : resolve(folder, path)
}

function refused(document: WorkflowDocument, problems: readonly object[]): OrchestrationError {
  return new OrchestrationError(
    'InputError',
    `the input does not fit the schema of '${document.name}'`,
    {
      hint: 'give values with --input key=value, or a JSON object with --input-file FILE',
      details: { problems: problems.map((problem): JsonObject => ({ ...problem })) },
    },
  )
}
