import { types } from 'node:util'
import { OrchestrationError, type ErrorCode } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'

/** What a payload is measured against and how its refusal is called. */
export interface PayloadRules {
  /** Where the value came from, for messages: `output of ledger.append`. */
  readonly what: string
  /** Bytes of its JSON text in UTF-8. */
  readonly bytesMax: number
  /** Code of the error for a value that is not JSON; one that is too large is always `ResourceExhaustionError`. */
  readonly code: ErrorCode
  /** Whether the error for a value that is not JSON is retryable. */
  readonly retryable: boolean
}

/**
 * A fresh JSON copy of any value, as `JSON.stringify` would read it (`toJSON`, boxed primitives, `undefined`
 * properties left out, plain fields of class instances), but refusing what it would silently lose: functions,
 * symbols, NaN, infinities, Maps, Errors, binary data. An undefined value is null; -0 is 0.
 * Stops at the byte and depth limits (`limits.depthMax`), so a hostile value costs bounded time.
 *
 * @throws ResourceExhaustionError over `bytesMax`
 * @throws the code of the rules for a value that is not JSON, and for an own key `__proto__`
 */
export function normaliseJson(value: unknown, rules: PayloadRules): JsonValue {
  return new Normaliser(rules).copy(value === undefined ? null : value, 0)
}

// Text that JSON writes as it is, a byte a character: printable ASCII without quote and backslash.
const plain = /^[ !#-[\]-~]*$/

class Normaliser {
  readonly #rules: PayloadRules
  #left: number
  readonly #path: (string | number)[] = []

  constructor(rules: PayloadRules) {
    this.#rules = rules
    this.#left = rules.bytesMax
  }

  copy(value: unknown, depth: number): JsonValue {
    switch (typeof value) {
      case 'string':
        this.#spendText(value)
        return value
      case 'number':
        if (!Number.isFinite(value)) throw this.#refusal(`${value} is not JSON`)
        this.#spend(value >= 0 && value <= 9 && Number.isInteger(value) ? 1 : String(value).length)
        return value === 0 ? 0 : value
      case 'boolean':
        this.#spend(value ? 4 : 5)
        return value
      case 'object':
        if (value === null) {
          this.#spend(4)
          return null
        }
        return this.#copyObject(value, depth)
      case 'bigint':
        throw this.#refusal('a BigInt is not JSON', 'return it as text or as a number')
      default:
        throw this.#refusal(`a ${typeof value} is not JSON`)
    }
  }

  #copyObject(value: object, depth: number): JsonValue {
    if (depth >= limits.depthMax)
      throw this.#refusal(`it is nested deeper than depthMax ${limits.depthMax}`)
    if (Array.isArray(value)) return this.#copyArray(value, depth)
    const prototype: unknown = Object.getPrototypeOf(value)
    const isPlain = prototype === Object.prototype || prototype === null
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
      throw this.#refusal('binary data is not JSON', 'return it as base64 text or as a file path')
    }
    if (value instanceof Date && Number.isNaN(value.getTime()))
      throw this.#refusal('an invalid Date is not JSON')
    const toJSON: unknown = 'toJSON' in value ? value.toJSON : undefined
    if (typeof toJSON === 'function') {
      const replaced: unknown = Reflect.apply(toJSON, value, [String(this.#path.at(-1) ?? '')])
      return this.#copyReplaced(replaced, depth + 1)
    }
    if (!isPlain) {
      if (types.isBoxedPrimitive(value)) return this.copy(value.valueOf(), depth + 1)
      const tag = Object.prototype.toString.call(value)
      if (tag !== '[object Object]') throw this.#refusal(`a ${tag.slice(8, -1)} is not JSON`)
    }
    return this.#copyFields(value as Readonly<Record<string, unknown>>, depth)
  }

  /** The result of `toJSON` is taken as it is: its own `toJSON` is not called again. */
  #copyReplaced(value: unknown, depth: number): JsonValue {
    if (value === undefined) return this.copy(null, depth)
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return this.copy(value, depth)
    if (depth >= limits.depthMax)
      throw this.#refusal(`it is nested deeper than depthMax ${limits.depthMax}`)
    return this.#copyFields(value as Readonly<Record<string, unknown>>, depth)
  }

  #copyArray(value: readonly unknown[], depth: number): JsonValue {
    // Each item takes at least one byte: a sparse array of a thousand million items ends here.
    const length = value.length
    this.#spend(length === 0 ? 2 : length + 1)
    if (length > this.#left) this.#spend(length)
    const copy: JsonValue[] = []
    for (let index = 0; index < length; index++) {
      const item = value[index]
      this.#path.push(index)
      copy.push(this.copy(item === undefined ? null : item, depth + 1))
      this.#path.pop()
    }
    return copy
  }

  #copyFields(value: Readonly<Record<string, unknown>>, depth: number): JsonObject {
    const copy: Record<string, JsonValue> = {}
    this.#spend(2)
    let isFirst = true
    for (const key of Object.keys(value)) {
      if (key === '__proto__') throw this.#refusal("the key '__proto__' is refused")
      const item = value[key]
      if (item === undefined) continue
      this.#spend(isFirst ? 1 : 2)
      isFirst = false
      this.#spendText(key)
      this.#path.push(key)
      copy[key] = this.copy(item, depth + 1)
      this.#path.pop()
    }
    return copy
  }

  #spendText(text: string): void {
    const bytesMin = text.length + 2
    if (bytesMin > this.#left || plain.test(text)) this.#spend(bytesMin)
    else this.#spend(Buffer.byteLength(JSON.stringify(text)))
  }

  #spend(bytes: number): void {
    this.#left -= bytes
    if (this.#left >= 0) return
    const { what, bytesMax } = this.#rules
    throw new OrchestrationError(
      'ResourceExhaustionError',
      `${what} is over payloadBytesMax ${bytesMax} bytes`,
      {
        hint: 'pass a reference (a path, an id) instead of the data, or raise resourceLimits.payloadBytesMax',
        details: { limit: 'payloadBytesMax', max: bytesMax },
      },
    )
  }

  #refusal(reason: string, hint?: string): OrchestrationError {
    const at = this.#path.length === 0 ? '' : ` at ${pathText(this.#path)}`
    return new OrchestrationError(this.#rules.code, `${this.#rules.what}: ${reason}${at}`, {
      retryable: this.#rules.retryable,
      ...(hint === undefined ? {} : { hint }),
    })
  }
}

function pathText(path: readonly (string | number)[]): string {
  const shown = path.length > 12 ? [...path.slice(0, 12), '…'] : path
  return shown.join('.').slice(0, 300)
}
