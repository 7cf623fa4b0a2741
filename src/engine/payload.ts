import { normaliseJson } from '../agents/index.ts'
import type { JsonValue } from '../core/json.ts'
import { limits } from '../core/limits.ts'

/**
 * The engine's own copy of a value that a caller hands in: JSON and no larger than `payloadBytesMax`.
 *
 * @param what for messages: `data of signal 'approval'`
 * @throws InputError when it is not JSON; ResourceExhaustionError when it is too large
 */
export function payload(value: unknown, what: string): JsonValue {
  const bytesMax = limits.payloadBytesMax
  return normaliseJson(value, { what, bytesMax, code: 'InputError', retryable: false })
}
