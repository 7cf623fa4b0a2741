import type { JsonObject } from '../../core/json.ts'
import { Duration, Timestamp } from './time.ts'

/**
 * What an expression works with. Data stays the JSON it was (objects are read by their own keys only); a
 * map written in the expression is a `Map`. An int is a bigint, a double a number.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | JsonObject
  | ReadonlyMap<Value, Value>
  | Timestamp
  | Duration
  | Optional
  | TypeName

/** The type of an expression as far as it is known before evaluation; `dyn` is any. */
export type StaticType =
  | 'dyn'
  | 'null'
  | 'bool'
  | 'int'
  | 'double'
  | 'string'
  | 'bytes'
  | 'list'
  | 'map'
  | 'timestamp'
  | 'duration'
  | 'optional'
  | 'type'

/** A value that may be absent: the result of `a.?b` and `a[?b]`. */
export class Optional {
  /** Undefined when absent. */
  readonly value: Value | undefined

  constructor(value: Value | undefined) {
    this.value = value
  }
}

/** The absent optional. */
export const none = new Optional(undefined)

/** A type as a value: what `type(x)` gives and `int`, `string`… name. */
export class TypeName {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** The type names that an expression may compare `type(x)` with. */
export const typeNames: ReadonlyMap<string, TypeName> = new Map(
  ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'null_type', 'type'].map(
    (name) => [name, new TypeName(name)],
  ),
)

/** A list, whichever way it came to be. */
export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

/** A map written in the expression. */
export function isMadeMap(value: Value): value is ReadonlyMap<Value, Value> {
  return value instanceof Map
}

/** A JSON object. It is told by elimination and never by a property, because its keys are foreign. */
export function isDataMap(value: Value): value is JsonObject {
  return typeOf(value) === 'map' && !isMadeMap(value)
}

/** The CEL type of a value. */
export function typeOf(value: Value): Exclude<StaticType, 'dyn'> {
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'number':
      return 'double'
    case 'bigint':
      return 'int'
    case 'boolean':
      return 'bool'
    default:
  }
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'list'
  if (value instanceof Optional) return 'optional'
  if (value instanceof Timestamp) return 'timestamp'
  if (value instanceof Duration) return 'duration'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof TypeName) return 'type'
  return 'map'
}

/** The int that a value is or, for an integral double, stands for; undefined otherwise. */
export function asInt(value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined
}

/** A map key in the one form under which it is stored: an integral double is the int. */
export function mapKey(value: Value): Value {
  return asInt(value) ?? value
}

/** What a container holds under a key or index; undefined when it holds nothing there. */
export function lookUp(container: Value, key: Value): Value | undefined {
  if (isList(container)) {
    const index = asInt(key)
    return index === undefined || index < 0n ? undefined : container[Number(index)]
  }
  if (isMadeMap(container)) return container.get(mapKey(key))
  if (typeof key !== 'string' || !isDataMap(container)) return undefined
  return Object.hasOwn(container, key) ? container[key] : undefined
}
