import type { SerializerProtocol } from '@langchain/langgraph-checkpoint'
import type { JsonValue } from '../../../core/json.ts'

/**
 * A value as it lies in a row. 0: JSON that means itself. 1: text of the serialiser, with the type that it
 * gave. 2: its bytes, in base64.
 */
export type StoredValue =
  | readonly [0, JsonValue]
  | readonly [1, string, string]
  | readonly [2, string, string]

const depthMax = 100
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Writes and reads values of channels. What is plain JSON is kept as it is, without the serialiser, which
 * takes ten times as long; everything else goes through it.
 */
export class ValueCodec {
  readonly #serde: SerializerProtocol
  readonly #isStandard: boolean

  /** @param isStandard whether the serialiser is LangGraph's own, for which plain JSON is JSON */
  constructor(serde: SerializerProtocol, isStandard: boolean) {
    this.#serde = serde
    this.#isStandard = isStandard
  }

  /** The JSON text of the stored value. */
  encode(value: unknown): string | Promise<string> {
    if (this.#isStandard && isPlain(value, 0)) return `[0,${JSON.stringify(value)}]`
    return this.#encodeTyped(value)
  }

  decode(stored: StoredValue): unknown {
    if (stored[0] === 0) return stored[1]
    const [kind, type, text] = stored
    return this.#serde.loadsTyped(type, kind === 1 ? text : Buffer.from(text, 'base64'))
  }

  async #encodeTyped(value: unknown): Promise<string> {
    const [type, bytes] = await this.#serde.dumpsTyped(value)
    const text = type === 'json' ? textOf(bytes) : null
    if (text !== null) return JSON.stringify([1, type, text])
    return JSON.stringify([2, type, Buffer.from(bytes).toString('base64')])
  }
}

/** Null for what is no UTF-8, as a serialiser that encrypts may give. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

/**
 * True for what JSON carries unchanged and the serialiser would not read as a record of its own (`lc`).
 */
function isPlain(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth >= depthMax) return false
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isPlain(value[i], depth + 1)) return false
    return true
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  for (const [key, item] of Object.entries(value)) {
    if (key === 'lc' || key === 'toJSON' || key === '__proto__') return false
    if (!isPlain(item, depth + 1)) return false
  }
  return true
}
