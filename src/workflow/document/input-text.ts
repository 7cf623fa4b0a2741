import { isJsonObject } from '../../core/json.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { propertySchema } from './schema-properties.ts'

/**
 * The value that a text such as the `v` of `--input k=v` stands for: read as the type that the input
 * schema gives the property, else JSON if it parses, else text. A text that cannot be read as the
 * type is kept, so that the schema's check names it.
 *
 * @param schema the document's input schema; null for none
 */
export function coerceInputText(schema: JsonObject | null, key: string, text: string): JsonValue {
  const property = schema === null ? null : propertySchema(schema, key)
  const types = property === null ? [] : typesOf(property)
  const parsed = parseJson(text)
  if (types.length === 0) return parsed === undefined ? text : parsed
  if (parsed !== undefined && types.some((type) => type !== 'string' && isOfType(parsed, type)))
    return parsed
  return text
}

function typesOf(schema: JsonObject): readonly string[] {
  if (typeof schema.type === 'string') return [schema.type]
  if (Array.isArray(schema.type)) return schema.type.filter((type) => typeof type === 'string')
  if (typeof schema.format === 'string' || typeof schema.pattern === 'string') return ['string']
  const values = 'const' in schema ? [schema.const] : Array.isArray(schema.enum) ? schema.enum : []
  return [...new Set(values.map((value) => typeOf(value as JsonValue)))]
}

function typeOf(value: JsonValue): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return isJsonObject(value) ? 'object' : typeof value
}

function isOfType(value: JsonValue, type: string): boolean {
  return type === 'integer' ? Number.isInteger(value) : typeOf(value) === type
}

/** Undefined for text that is no JSON, or none that a payload could be. */
function parseJson(text: string): JsonValue | undefined {
  if (text.length > limits.payloadBytesMax) return undefined
  try {
    const value = JSON.parse(text) as JsonValue
    return typeof value === 'number' && !isExact(value, text) ? undefined : value
  } catch {
    return undefined
  }
}

/** False for 1e999 and for whole numbers that lose digits, such as a long order number. */
function isExact(value: number, text: string): boolean {
  return Number.isFinite(value) && (Number.isSafeInteger(value) || !/^-?\d+$/.test(text.trim()))
}
