import { canonicalJson, type JsonObject, type JsonValue } from '../core/json.ts'
import { compileSchema } from '../workflow/index.ts'

type Compiled = ReturnType<typeof compileSchema>

const compiledMax = 200
const compiled = new Map<string, Compiled>()

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
  const key = canonicalJson(schema)
  const known = compiled.get(key)
  if (known !== undefined) return known
  const made = compileSchema(schema)
  if (compiled.size >= compiledMax) compiled.clear()
  compiled.set(key, made)
  return made
}
