import { OrchestrationError } from '../core/errors.ts'
import type { JsonValue } from '../core/json.ts'

/**
 * The JSON value of a body; an empty one is undefined.
 *
 * @throws InputError for anything that is no JSON
 */
export function parseJson(text: string): JsonValue | undefined {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text) as JsonValue
  } catch (thrown) {
    throw new OrchestrationError('InputError', 'the body is no JSON', { cause: thrown })
  }
}

/** The media type of a `content-type` header, in lower case and without its parameters; null for none. */
export function mediaType(header: string | undefined): string | null {
  const type = header?.split(';')[0]?.trim().toLowerCase()
  return type === undefined || type === '' ? null : type
}
