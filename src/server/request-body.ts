import type { IncomingMessage } from 'node:http'
import { OrchestrationError, ResourceExhaustionError } from '../core/errors.ts'
import { isJsonObject } from '../core/json.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { limits } from '../core/limits.ts'

/**
 * Reads a request's body as a JSON object; an empty body is `{}`.
 *
 * @throws ResourceExhaustionError over `payloadBytesMax`, InputError for anything that is no JSON object
 */
export async function readBody(request: IncomingMessage): Promise<JsonObject> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > limits.payloadBytesMax) {
      throw new ResourceExhaustionError(
        `the body is longer than payloadBytesMax, ${limits.payloadBytesMax} bytes`,
      )
    }
    parts.push(part)
  }
  if (bytes === 0) return {}
  const value = parse(Buffer.concat(parts).toString('utf8'))
  if (!isJsonObject(value))
    throw new OrchestrationError('InputError', 'the body must be a JSON object')
  return value
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch (thrown) {
    throw new OrchestrationError('InputError', 'the body is no JSON', { cause: thrown })
  }
}
