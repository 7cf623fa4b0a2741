import { OrchestrationError } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'

const brand = Symbol.for('aura.Suspension')

/** What `suspend` makes: returned by `run`, it ends the attempt without failing it. */
export interface Suspension {
  readonly signal: string
  /** What the signal's data must satisfy; null for anything. */
  readonly schema: JsonObject | null
  /** Given back as `ctx.resumed.resumeToken`. */
  readonly resumeToken: JsonValue
}

export interface SuspendOptions {
  /** Name of the signal to wait for: 1 to 200 characters. */
  readonly signal: string
  /** JSON Schema of the signal's data; default anything. */
  readonly schema?: JsonObject
  /** Whatever the action needs to go on; default null. It is journalled: keep it small. */
  readonly resumeToken?: JsonValue
}

/**
 * Made inside `run` and returned by it: the step waits for the signal, then the action is called again with the
 * same idempotency key and the data in `ctx.resumed`.
 *
 * @throws AgentOutputError when the signal is no name or the schema no JSON Schema object.
 */
export function suspend(options: SuspendOptions): Suspension {
  const { signal, schema = null, resumeToken = null } = options
  if (typeof signal !== 'string' || signal.length === 0 || signal.length > 200) {
    throw new OrchestrationError(
      'AgentOutputError',
      'suspend needs the name of a signal, 1 to 200 characters',
    )
  }
  const isSchema =
    schema === null ||
    (typeof schema === 'object' && !Array.isArray(schema) && !('~standard' in schema))
  if (!isSchema) {
    throw new OrchestrationError(
      'AgentOutputError',
      'the schema of suspend is no JSON Schema object',
      {
        hint: 'it is journalled, so it must be data: convert a zod schema with z.toJSONSchema()',
      },
    )
  }
  const suspension = { signal, schema, resumeToken }
  Object.defineProperty(suspension, brand, { value: true })
  return suspension
}

/** True for what `suspend` of any copy of this package made. */
export function isSuspension(value: unknown): value is Suspension {
  return typeof value === 'object' && value !== null && brand in value
}
