import { compareBytes } from './bytes.ts'
import type { Evaluation } from './evaluation.ts'
import type { Value } from './values.ts'
import {
  isDataMap,
  isList,
  isMadeMap,
  lookUp,
  mapKey,
  Optional,
  TypeName,
  typeOf,
} from './values.ts'
import { Duration, Timestamp } from './time.ts'

/** CEL equality: numbers by value, lists and maps part by part, different types are unequal. */
export function equal(a: Value, b: Value, evaluation: Evaluation): boolean {
  if (a === b) return true
  switch (typeof a) {
    case 'number':
    case 'bigint':
      // The loose comparison of an int with a double is exact; a strict one is never true.
      // oxlint-disable-next-line eqeqeq
      return (typeof b === 'number' || typeof b === 'bigint') && a == b
    case 'string':
      if (typeof b === 'string' && a.length === b.length) evaluation.work(a.length)
      return false
    case 'boolean':
      return false
    default:
  }
  if (a === null || b === null || typeof b !== 'object') return false
  if (isList(a)) return isList(b) && equalLists(a, b, evaluation)
  return equalObjects(a, b, evaluation)
}

function equalLists(a: readonly Value[], b: readonly Value[], evaluation: Evaluation): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) {
    evaluation.visit(1)
    if (!equal(a[index] as Value, b[index] as Value, evaluation)) return false
  }
  return true
}

function equalObjects(a: Value, b: Value, evaluation: Evaluation): boolean {
  const type = typeOf(a)
  if (type !== typeOf(b)) return false
  if (type === 'map') return equalMaps(a, b, evaluation)
  if (a instanceof Timestamp && b instanceof Timestamp) return a.nanos === b.nanos
  if (a instanceof Duration && b instanceof Duration) return a.nanos === b.nanos
  if (a instanceof TypeName && b instanceof TypeName) return a.name === b.name
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b) === 0
  if (!(a instanceof Optional) || !(b instanceof Optional)) return false
  if (a.value === undefined || b.value === undefined) return a.value === b.value
  return equal(a.value, b.value, evaluation)
}

function equalMaps(a: Value, b: Value, evaluation: Evaluation): boolean {
  const keys = keysOf(a, evaluation)
  if (keys.length !== keysOf(b, evaluation).length) return false
  for (const key of keys) {
    evaluation.visit(1)
    const other = lookUp(b, key)
    if (other === undefined || !equal(lookUp(a, key) as Value, other, evaluation)) return false
  }
  return true
}

/** The keys of a map, in its own order. Counts them as work, not as visited items. */
export function keysOf(map: Value, evaluation: Evaluation): readonly Value[] {
  const keys = isMadeMap(map) ? [...map.keys()] : isDataMap(map) ? Object.keys(map) : []
  evaluation.work(keys.length)
  return keys
}

/** `a in b`: an element of a list or a key of a map. */
export function contains(container: Value, wanted: Value, evaluation: Evaluation): boolean {
  if (isList(container)) {
    for (const item of container) {
      evaluation.visit(1)
      if (equal(item, wanted, evaluation)) return true
    }
    return false
  }
  if (typeOf(container) === 'map') return lookUp(container, mapKey(wanted)) !== undefined
  const hint = typeof container === 'string' ? 'use text.contains(part) to search in text' : null
  throw evaluation.fault(
    `\`in\` needs a list or a map on its right, found ${typeOf(container)}`,
    hint,
  )
}
