import { limits } from '../../core/limits.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Evaluation } from './evaluation.ts'
import { LimitFault } from './faults.ts'
import { Duration, durationText, Timestamp, timestampText } from './time.ts'
import type { Value } from './values.ts'
import { isList, isMadeMap, Optional, TypeName } from './values.ts'

/**
 * The JSON of a value. Parts that are JSON already are kept, not copied. Ints become numbers, timestamps
 * RFC 3339 text, durations text such as `5s`, types their name, keys of a map text.
 *
 * @throws ExpressionFault for NaN, infinities, bytes, an int beyond 2^53-1, an optional, or a nesting
 *   beyond `depthMax`; LimitFault when the JSON would exceed `payloadBytesMax` characters
 */
export function toJsonValue(value: Value, evaluation: Evaluation): JsonValue {
  return new JsonMaker(evaluation).convert(value, 0)
}

class JsonMaker {
  private readonly evaluation: Evaluation
  private charactersLeft: number = limits.payloadBytesMax

  constructor(evaluation: Evaluation) {
    this.evaluation = evaluation
  }

  convert(value: Value, depth: number): JsonValue {
    this.spend(1)
    switch (typeof value) {
      case 'string':
        this.spend(value.length)
        return value
      case 'boolean':
        return value
      case 'number':
        return this.double(value)
      case 'bigint':
        return this.int(value)
      default:
    }
    if (value === null) return null
    if (depth >= limits.depthMax) {
      throw this.evaluation.fault(`the result is nested deeper than ${limits.depthMax} (depthMax)`)
    }
    return isList(value) ? this.list(value, depth + 1) : this.object(value, depth + 1)
  }

  private spend(characters: number): void {
    this.evaluation.work(characters)
    this.charactersLeft -= characters
    if (this.charactersLeft >= 0) return
    const max = limits.payloadBytesMax
    const message = `the result has more than ${max.toLocaleString('en-US')} characters (payloadBytesMax)`
    throw new LimitFault(message, { name: 'payloadBytesMax', max }, this.evaluation.at)
  }

  private double(value: number): number {
    if (Number.isFinite(value)) return value === 0 ? 0 : value
    const hint = 'a division by zero, or a number too large for a double'
    throw this.evaluation.fault(`the result holds ${value}, which JSON cannot`, hint)
  }

  private int(value: bigint): number {
    const number = Number(value)
    if (Number.isSafeInteger(number)) return number
    const message = `the result holds the int ${value}, which is beyond 2^53-1 and not exact in JSON`
    throw this.evaluation.fault(message, 'use string(value) to pass it as text')
  }

  private list(items: readonly Value[], depth: number): JsonValue {
    this.spend(1)
    let copy: JsonValue[] | null = null
    for (let index = 0; index < items.length; index++) {
      const item = items[index] as Value
      const json = this.convert(item, depth)
      if (copy === null && json !== item) copy = items.slice(0, index) as JsonValue[]
      copy?.push(json)
    }
    return copy ?? (items as readonly JsonValue[])
  }

  private object(value: Exclude<Value, string | number>, depth: number): JsonValue {
    if (isMadeMap(value)) return this.madeMap(value, depth)
    if (value instanceof Timestamp) return timestampText(value)
    if (value instanceof Duration) return durationText(value)
    if (value instanceof TypeName) return value.name
    if (value instanceof Uint8Array) {
      throw this.evaluation.fault('the result holds bytes, which JSON cannot', 'use base64(bytes)')
    }
    if (value instanceof Optional) {
      const hint = 'end it with .orValue(other) or .value()'
      throw this.evaluation.fault('the result is an optional, not a value', hint)
    }
    return this.dataMap(value as { readonly [key: string]: JsonValue }, depth)
  }

  private dataMap(value: { readonly [key: string]: JsonValue }, depth: number): JsonValue {
    let isSame = true
    const entries: [string, JsonValue][] = []
    for (const key of Object.keys(value)) {
      const item = value[key] as JsonValue
      this.spend(key.length)
      const json = this.convert(item, depth)
      isSame &&= json === item
      entries.push([key, json])
    }
    return isSame ? value : Object.fromEntries(entries)
  }

  private madeMap(value: ReadonlyMap<Value, Value>, depth: number): JsonValue {
    const entries = new Map<string, JsonValue>()
    for (const [key, item] of value) {
      const name = typeof key === 'string' ? key : `${key as bigint | boolean}`
      this.spend(name.length)
      if (entries.has(name))
        throw this.evaluation.fault(`the result holds the key \`${name}\` twice`)
      entries.set(name, this.convert(item, depth))
    }
    // `fromEntries` defines own properties, so a key such as `__proto__` stays data.
    return Object.fromEntries(entries)
  }
}
