import { isJsonObject } from '../../core/json.ts'
import type { JsonValue } from '../../core/json.ts'
import { displayWidth, plainText } from './width.ts'

/**
 * A JSON value for reading: one line where it fits, else a line for each key or item, indented. Texts
 * stand without quotes where they cannot be mistaken. It is not meant to be parsed; `--json` is.
 */
export function valueLines(value: JsonValue, columns: number): string[] {
  const flat = flatText(value)
  const isShort = displayWidth(flat) <= columns
  if (isShort || typeof value !== 'object' || value === null) return [flat]
  const entries: [string, JsonValue][] = Array.isArray(value)
    ? value.map((item): [string, JsonValue] => ['-', item as JsonValue])
    : Object.entries(value as { readonly [key: string]: JsonValue }).map(([key, item]) => [
        `${keyText(key)}:`,
        item,
      ])
  return entries.flatMap(([label, item]) => {
    const inside = Math.max(20, columns - 2)
    const flatItem = flatText(item)
    if (displayWidth(label) + 1 + displayWidth(flatItem) <= columns || isScalar(item))
      return [`${label} ${flatItem}`]
    return [label, ...valueLines(item, inside).map((line) => `  ${line}`)]
  })
}

function isScalar(value: JsonValue): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length === 0
}

function flatText(value: JsonValue): string {
  if (typeof value === 'string') return scalarText(value)
  if (Array.isArray(value))
    return `[${value.map((item) => flatText(item as JsonValue)).join(', ')}]`
  if (!isJsonObject(value)) return JSON.stringify(value)
  const pairs = Object.entries(value).map(([key, item]) => `${keyText(key)}: ${flatText(item)}`)
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`
}

function keyText(key: string): string {
  return /^[\w.-]+$/.test(key) ? key : plainText(JSON.stringify(key))
}

/** Quotes only what would read as another type, or hides its ends. */
function scalarText(text: string): string {
  const isPlain =
    /^[\p{L}_/(][^"{}[\]]*$/u.test(text) &&
    text.trim() === text &&
    !/^(true|false|null)$/.test(text)
  return plainText(isPlain ? text : JSON.stringify(text))
}
