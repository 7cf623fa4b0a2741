import { canonicalJson, type JsonObject, type JsonValue } from '../core/json.ts'
import { LruCache } from '../core/lru-cache.ts'
import { compileSchema } from '../workflow/index.ts'

type Compiled = ReturnType<typeof compileSchema>

const compiled = new LruCache<string, Compiled>(200)

/** What of the data a suspended call's schema refuses; null for nothing, and for a schema that cannot be read. */
export function faultOf(schema: JsonObject, data: JsonValue): string | null {
  const check = compiledOf(schema)
  if ('faults' in check) return null
  const violation = check.validate(structuredClone<JsonValue>(data))[0]
  if (violation === undefined) return null
  return `${violation.path.join('.') || 'data'} must be ${violation.expected}`
}

/** Whether the data fits; a schema that cannot be read refuses nothing. */
export function fits(schema: JsonObject, data: JsonValue): boolean {
  return faultOf(schema, data) === null
}

function compiledOf(schema: JsonObject): Compiled {
  return compiled.getOrMake(canonicalJson(schema), () => compileSchema(schema))
}
