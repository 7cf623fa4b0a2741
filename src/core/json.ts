import { hash } from 'node:crypto'

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
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
