import { isJsonObject } from '../../core/json.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Path } from './problem.ts'

/** The value at a path; undefined when the path leads out of the data. Own keys only. */
export function valueAt(data: JsonValue, path: Path): JsonValue | undefined {
  let value: JsonValue | undefined = data
  for (const part of path) {
    if (Array.isArray(value) && typeof part === 'number')
      value = value[part] as JsonValue | undefined
    else if (isJsonObject(value) && Object.hasOwn(value, part)) value = value[part]
    else return undefined
  }
  return value
}

/** The own value of a key when it is a map, else an empty map: for checks of data whose shape may be wrong. */
export function mapAt(data: JsonValue | undefined, key: string): JsonObject {
  const value = ownValue(data, key)
  return isJsonObject(value) ? value : {}
}

/** The own value of a key; undefined when there is none. */
export function ownValue(data: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(data) && Object.hasOwn(data, key) ? data[key] : undefined
}

/** The own value of a key when it is a list, else an empty list. */
export function listAt(data: JsonValue | undefined, key: string): readonly JsonValue[] {
  const value = ownValue(data, key)
  return Array.isArray(value) ? value : []
}
