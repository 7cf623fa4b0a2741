import { readFileSync } from 'node:fs'
import { messageOf, OrchestrationError } from '../core/errors.ts'
import { isJsonObject } from '../core/json.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'

/**
 * Splits `key=value` at the first `=`.
 *
 * @throws UsageError when there is none, or no key before it
 */
export function splitPair(option: string, text: string): readonly [key: string, value: string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new OrchestrationError('UsageError', `${option} '${text}' is no key=value`, {
    hint: `write ${option} key=value; repeat ${option} for more`,
  })
}

/**
 * Reads the value of an option that takes JSON.
 *
 * @throws UsageError
 */
export function parseJsonOption(option: string, text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch (thrown) {
    throw new OrchestrationError('UsageError', `${option} is no JSON: ${messageOf(thrown)}`, {
      hint: `a text is written ${option} '"like this"', in both kinds of quotes`,
      cause: thrown,
    })
  }
}

/**
 * Reads a file that holds one JSON object.
 *
 * @throws UsageError when it cannot be read, InputError when it holds something else
 */
export function readJsonFile(option: string, path: string): JsonObject {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    throw new OrchestrationError('UsageError', `${option}: ${messageOf(thrown)}`, { cause: thrown })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (thrown) {
    throw new OrchestrationError('InputError', `${path} is no JSON: ${messageOf(thrown)}`, {
      cause: thrown,
    })
  }
  if (isJsonObject(value)) return value
  throw new OrchestrationError('InputError', `${path} must hold a JSON object`)
}
