import type { JsonValue } from '../core/json.ts'

/** What stands where a secret was. */
const redacted = '[redacted]'

const depthMax = 8
const valuesMax = 1_000
const charactersMax = 8_192

// Compared with the key in lower case without - _ . and space; `tokens`, a count, is not a secret.
const secretKey =
  /(?:authorization|password|passwd|passphrase|secret|secretkey|token|apikey|privatekey|accesskey|accesskeyid|cookie|credentials?)$/

/** Whether a field of this name holds a secret, whatever its spelling: `apiKey`, `X-API-Key`, `client_secret`. */
export function isSecretKey(key: string): boolean {
  return secretKey.test(key.replaceAll(/[-_. ]/g, '').toLowerCase())
}

/** The text without bearer tokens and without user and password in addresses; over 8,192 characters it is cut. */
export function redactText(text: string): string {
  const cut = text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text
  return cut
    .replaceAll(/\b(bearer )[\w.~+/=-]{16,}/gi, `$1${redacted}`)
    .replaceAll(/(:\/\/)[^\s/@:]{0,200}:[^\s/@]{1,200}@/g, `$1${redacted}@`)
}

/**
 * Plain data that is safe to write: values of secret keys replaced at every depth, at most 8 levels and
 * 1,000 values, and something for what JSON cannot say, so that writing it never throws.
 */
export function redactFields(fields: Readonly<Record<string, unknown>>): Record<string, JsonValue> {
  return plainObject(fields, { valuesLeft: valuesMax }, 0)
}

interface Allowance {
  valuesLeft: number
}

function plainObject(
  value: object,
  allowance: Allowance,
  depth: number,
): Record<string, JsonValue> {
  const plain: Record<string, JsonValue> = {}
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined || typeof item === 'function') continue
    if (allowance.valuesLeft-- <= 0) break
    plain[key] = item !== null && isSecretKey(key) ? redacted : plainValue(item, allowance, depth)
  }
  return plain
}

function plainValue(value: unknown, allowance: Allowance, depth: number): JsonValue {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object') return null
  if (value instanceof Error) return { name: value.name, message: redactText(value.message) }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (depth >= depthMax) return '[deeper]'
  if (!Array.isArray(value)) return plainObject(value, allowance, depth + 1)
  const items: JsonValue[] = []
  for (const item of value) {
    if (allowance.valuesLeft-- <= 0) break
    items.push(plainValue(item, allowance, depth + 1))
  }
  return items
}
