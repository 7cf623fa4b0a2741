import { hash } from 'node:crypto'

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a value is JSON and nothing else: its text says all that it is. */
export function isJson(value: unknown): value is JsonValue {
  if (typeof value !== 'object' || value === null)
    return (
      value === null ||
      typeof value === 'string' ||
      typeof value === 'boolean' ||
      Number.isFinite(value)
    )
  // A hole in a list is none of its items, and undefined to whoever reads it.
  if (Array.isArray(value)) return Array.from(value).every(isJson)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  return !('toJSON' in value) && Object.values(value).every(isJson)
}

/** JSON text with object keys in code-unit order: equal values give equal text. */
export function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value))
    return `[${value.map((item) => canonicalJson(item as JsonValue)).join(',')}]`
  if (isJsonObject(value)) {
    const pairs = Object.keys(value)
      .toSorted()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] as JsonValue)}`)
    return `{${pairs.join(',')}}`
  }
  return JSON.stringify(value)
}

/** SHA-256 of the canonical JSON, as 64 hexadecimal digits. */
export function hashJson(value: JsonValue): string {
  return hash('sha256', canonicalJson(value), 'hex')
}

/** Structural equality of two JSON values; key order does not matter. */
export function jsonEqual(a: JsonValue, b: JsonValue): boolean {
  return a === b || canonicalJson(a) === canonicalJson(b)
}
